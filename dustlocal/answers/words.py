"""Words as the evidence measures see them: split identifiers, light stems, stop words.

The index has its own tokeniser inside FTS5; this one is only for comparing a question with text
that was already retrieved, so it favours recall of near forms (`retries`, `retrying`) over
linguistic truth.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from itertools import pairwise

from indexer import lexical
from indexer.lexical import split_identifier

# Latin words with digits and underscores, or a run of letters of any one other script: an
# identifier inside an unspaced sentence ("flask的config怎么加载") stays a word of its own.
_WORD = re.compile(r"[A-Za-z0-9_À-ɏ]+|[^\W\d_A-Za-zÀ-ɏ]+")
_PLURAL_ACRONYM = re.compile(r"[A-Z]{2,}s")

# Beyond the index's own list: what questions are phrased with, and the function words of the
# languages people most often ask in besides English.
_QUESTION_STOPS = """
anybody anyone etc find get gets getting give given go goes help hi instead know many may might
mine much must one per shall show tell whats wheres able actually currently explain describe
anything something somewhere anywhere everything exactly happen happens happened repo repository
project codebase
"""
_FOREIGN_STOPS = """
como cual cuando de del desde donde el en es esta este la las lo los para por porque que quien se
son su sus un una uno y o con cómo cuál dónde qué está au aux avec ce ces cette comment dans des
du elle est et il ils le les leur ne nous ou où par pas pour pourquoi quand quel quelle quelles
quels qui sa ses sont sur une vous fonctionne aber als auch auf aus bei bin das dem den der die
ein eine einem einen einer für hat ich ihr im ist kann mit nach nicht oder sich sie sind und von
vom wann warum welche welcher welches wer werden wie wieso wird wo wohin wurde zu zum zur che chi
come cosa da dal della delle di dove gli ha nel nella perché più quale quando sono ao ao com dos e
em na nas não nos onde os pela pelo qual quem uma een het hoe ik niet van voor waar waarom wanneer
wat wordt zijn
"""
ENGLISH_STOPS = lexical.STOP_WORDS | {*_QUESTION_STOPS.split()}
FOREIGN_STOPS = frozenset(_FOREIGN_STOPS.split()) - ENGLISH_STOPS
STOP_WORDS = ENGLISH_STOPS | FOREIGN_STOPS

# Words that questions about any program are made of. They help to rank, and say next to nothing
# about whether a text is on the subject.
_WEAK = """
add allow allowed application app apply behave behavior behaviour call called caller callers
calls case cause caused change changed class code come component configured contain
control create created decide declared define defined defines definition detail detect
determine different do does enable ensure error exist exists feature file files fix function
functions handle handled handles handling implement implementation implemented implements
introduced invoke keep keeps kind line list live lives locate located logic look made main
make makes manage managed mean means mechanism method module name need needed new object
occur part perform place possible prevent problem process provide provided reason related
responsible result return returns run set sets setting setup start support supported
supports system thing trigger triggered try turn type value values version want work working
works write written purpose difference default defaults
"""
WEAK_WORDS = frozenset(_WEAK.split())


def words(text: str) -> list[str]:
    """The words of `text` as written, in order; an identifier with `_` is one word."""
    return _WORD.findall(text)


@lru_cache(maxsize=65536)
def parts(word: str) -> tuple[str, ...]:
    """The lower-case pieces of an identifier: `getHTTPUrl_v2` is get, http, url, v, 2."""
    if _PLURAL_ACRONYM.fullmatch(word):
        return (word.lower(),)
    word = unaccented(word)
    return tuple(piece.lower() for piece in split_identifier(word)) or (word.lower(),)


@lru_cache(maxsize=65536)
def keys(word: str) -> tuple[str, ...]:
    """What a word is compared by: its whole form, the stems of its pieces and of their pairs.

    Pairs, because people write `gzip`, `github` and `oauth` where code has GZip, GitHub, OAuth.
    """
    pieces = parts(word)
    if len(pieces) == 1:
        return (stem(pieces[0]),)
    pairs = (stem(a + b) for a, b in pairwise(pieces))
    return (
        unaccented(word).strip("_").lower(),
        *(stem(piece) for piece in pieces if len(piece) > 1),
        *pairs,
    )


def keys_of(text: str) -> set[str]:
    """The keys of all words of `text`."""
    found: set[str] = set()
    for word in words(text):
        found.update(keys(word))
    return found


@lru_cache(maxsize=4096)
def name_keys(text: str) -> frozenset[str]:
    """The keys of a short text that recurs: a path, a symbol, a heading."""
    return frozenset(keys_of(text))


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """A light English stem, lower case, without accents; at least three letters stay."""
    word = unaccented(word.lower())
    if len(word) < 4 or not word.isalpha():
        return word
    word = _singular(word)
    for suffix in ("ization", "ation", "ating", "ator", "ated", "ate", "ition", "ion"):
        if word.endswith(suffix) and len(word) - len(suffix) >= 4:
            return word[: -len(suffix)]
    for suffix in ("ment", "ing", "edly", "ed", "ly", "able", "ible", "ness", "ful"):
        if word.endswith(suffix) and len(word) - len(suffix) >= 3:
            return _without_doubled_end(word[: -len(suffix)])
    return _without_doubled_end(word)


def _singular(word: str) -> str:
    if word.endswith(("ies", "ied")) and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "ches", "shes", "xes")):
        return word[:-2]
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def _without_doubled_end(word: str) -> str:
    if word.endswith("e") and len(word) > 3:
        return word[:-1]
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "aeiouls":
        return word[:-1]
    return word


def unaccented(word: str) -> str:
    """The word with its accents taken off: `défaut` is `defaut`."""
    if word.isascii():
        return word
    decomposed = unicodedata.normalize("NFKD", word)
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def is_foreign(text: str) -> bool:
    """Whether a text is in another language than English, by its function words and script."""
    found = [word.lower() for word in words(text)]
    others = sum(word in FOREIGN_STOPS or ord(word[0]) > ord("ɏ") for word in found)
    return others > sum(word in ENGLISH_STOPS for word in found)


def is_near_form(asked: str, seen: str) -> bool:
    """Whether a text's stem is a longer or shortened form of a question's (`auth`, `config`)."""
    if asked.startswith(seen):
        return len(seen) >= 4 and len(seen) >= 0.55 * len(asked)
    if seen.startswith(asked):
        return len(asked) >= 5 or (len(asked) == 4 and len(seen) >= 7)
    return False


def is_misspelling(asked: str, seen: str) -> bool:
    """Whether two stems are one slip apart (two from eight letters on), first letter the same.

    A slip is a letter too many, too few, wrong, or two neighbours swapped (Damerau's four).
    """
    shorter = min(len(asked), len(seen))
    if shorter < 5 or asked[0] != seen[0] or not (asked.isalpha() and seen.isalpha()):
        return False
    allowed = 2 if shorter >= 8 else 1
    return abs(len(asked) - len(seen)) <= allowed and _slips(asked, seen, allowed) <= allowed


def _slips(a: str, b: str, limit: int) -> int:
    """The optimal string alignment distance, or some number over `limit` once it is passed."""
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, left in enumerate(a, 1):
        current = [i]
        for j, right in enumerate(b, 1):
            cost = min(row[j] + 1, current[j - 1] + 1, row[j - 1] + (left != right))
            if i > 1 and j > 1 and left == b[j - 2] and a[i - 2] == right:
                cost = min(cost, before[j - 2] + 1)
            current.append(cost)
        if min(current) > limit:
            return limit + 1
        before, row = row, current
    return row[-1]
