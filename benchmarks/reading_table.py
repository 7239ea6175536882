"""How many rows of the reading tables are read right, and each row that is not.

    python -m benchmarks.reading_table [LANGUAGE ...]

The tables, tests/text/reading/LANGUAGE.tsv, are for native speakers to correct; tests/text/test_reading.py tells how.
"""

import argparse

from tests.text.test_reading import GOAL, GOALS, cases_of, is_right
from voice.engines.spec import LANGUAGES
from voice.text.normalize import normalize_text


def main() -> None:
    """Print a line a language, and below it what is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("languages", nargs="*", metavar="LANGUAGE", help="all if none is named")
    for language in parser.parse_args().languages or sorted(LANGUAGES):
        cases = cases_of(language)
        missed = [case for case in cases if not is_right(case, language)]
        share = 100 * (1 - len(missed) / len(cases))
        goal = 100 * GOALS.get(language, GOAL)
        print(f"{language:6} {len(cases) - len(missed):4} of {len(cases):4} {share:6.1f} %  (to reach: {goal:.0f} %)")
        for case in missed:
            print(f"       {case.written}\n         is read    {normalize_text(case.written, language)}")
            print(f"         should be  {' | '.join(case.spoken)}")


if __name__ == "__main__":
    main()
