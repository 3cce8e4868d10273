"""Datasets as the pages use them: their names, and growing one from traces that a person chose."""

from hone.datasets import DatasetFile, Grown, names
from hone.local import House, grow


def dataset_names(house: House) -> list[str]:
    return names(house.project.root / "datasets")


def grow_dataset(house: House, name: str, trace_ids: list[str]) -> Grown:
    """Add the inputs of traces to a dataset; inputs that it has already are left out.

    Raises:
        CallError: `name` cannot be a name, or there is no such trace.
        DatasetError: the file is not right as it is.
    """
    file = DatasetFile(house.project.root / "datasets", name)
    firsts = [house.traces.show(id).roots[0].span for id in dict.fromkeys(trace_ids)]  # noqa: A001
    return grow(house, file, firsts, limit=len(firsts), by="web")
