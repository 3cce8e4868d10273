"""Words that hurt, in English: a small list of our own, by kind. In ROT13, so that reading this file hurts nobody.

It is far from complete, and a word may be harmless where it stands: whoever needs more names a list of their own.
"""

import codecs
from functools import lru_cache

_WORDS = {
    "profanity": """
        nefr nefrubyr nff nffubyr onfgneq obyybpxf ohttre ohyyfuvg penc phag qnza qvpxurnq qbhpur shpx shpxrq
        shpxre shpxvat tbqqnza tgsb ubefrfuvg zbgureshpxre zbgureshpxvat cvff cvffrq cevpx fuvg fuvgurnq fuvggl
        fgsh gjng jnaxre jgs
""",
    "insult": """
        nveurnq ovzob obarurnq oenvaqrnq pybja pbjneq perrc pergva pelonol qrtrarengr qvzjvg qvcfuvg qvfthfgvat
        qhzo qhzonff qhzzl qhapr sngfb sbby unysjvg ulcbpevgr vqvbg vqvbgvp vtabenag vzorpvyr vapbzcrgrag
        wnpxnff wrex yvne ybfre ybjyvsr yhangvp znttbg zbeba zbebavp ahzofxhyy cngurgvp creireg cflpub ergneq
        ergneqrq fphz fphzont fvzcyrgba fghcvq fhpxre guht gjvg htyl irezva jrveqb jbeguyrff
""",
    "slur": """
        ornare puvax pbba pevccyr qntb qlxr snt snttbg tbbx tlcfl urro ubaxl wnc xvxr xenhg yrfob zvqtrg zbat
        avttn avttre cnxv cvxrl cbbs enturnq erqfxva fnintr furznyr fcnfgvp fcvp gneq gbjryurnq genaal jrgonpx
        jbt jbc lvq
""",
    "sexual": """
        oybjwbo obare pbpx phz phzfubg qvpx qvyqb unaqwbo ubr ubbxre zvys cbea chffl fxnax fyhg fyhggl gubg gvgf
        gvggvrf juber juberf
""",
    "hurtful": """
        nqqvpg navzny ornfg orttne ovgpu ohetyne ohgpure purng purngre pbj pevzvany pebbx pehry qrivy qvegl qbt
        qbaxrl rivy snvyher sernx tnatfgre tneontr uneybg xvyyre ynzr ynml znq zbaxrl zbafgre zheqrere ant
        cnenfvgr cvt cvzc cebfgvghgr encvfg eng eboore furrc fvaare fynir fybo fzhttyre fanxr fgevccre greebevfg
        guvrs genvgbe genzc genfu hfryrff ivyynva jrnx jvpxrq jvgpu
""",
}

TOXIC = ("profanity", "insult", "slur", "sexual")
"""Kinds that are toxic wherever they stand."""

_THREATS = (
    r"\bxvyy (?:lbhefrys|lbhefryirf|lbh nyy|rirel bar bs lbh)\b",
    r"\b(?:v|jr)(?: jvyy|'yy| nz tbvat gb|'z tbvat gb|'z tbaan| tbaan) (?:xvyy|uheg|orng|fgno|fubbg|svaq|encr|qrfgebl) "
    r"(?:lbh|lbhe snzvyl)\b",
    r"\b(?:v ubcr|v jvfu) (?:lbh|gurl) (?:nyy )?(?:qvr|ebg|fhssre|ohea)\b",
    r"\btb (?:naq )?(?:qvr|unat lbhefrys|ebg)\b",
    r"\b(?:lbh|gurl) (?:nyy )?(?:qrfreir gb|fubhyq|bhtug gb) (?:qvr|or xvyyrq|or fubg|or unatrq)\b",
    r"\bxlf\b",
)


@lru_cache(maxsize=1)
def kinds() -> dict[str, str]:
    """Each word with its kind."""
    return {word: kind for kind, words in _WORDS.items() for word in _plain(words).split()}


@lru_cache(maxsize=1)
def threats() -> tuple[str, ...]:
    """Patterns of threats, for text in lower case."""
    # `\b` and `\w` are letters too.
    return tuple(_plain(each.replace(r"\b", "\0")).replace("\0", r"\b") for each in _THREATS)


def _plain(text: str) -> str:
    return codecs.decode(text, "rot13")
