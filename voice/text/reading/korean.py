"""Korean: its own numbers before what is counted and for the hours, Chinese ones for everything else.

A Chinese number is written together with its noun (십일월), for espeak-ng links their sounds only within a word.
"""

import re
from collections.abc import Sequence
from typing import ClassVar

from voice.text.reading.eastasian import EastAsian
from voice.text.reading.language import MAX_DIGITS, Rule
from voice.text.reading.values import Clock, Date, Found, Number, table, words

_DIGITS = "영일이삼사오육칠팔구"
_PLACES = ("", "십", "백", "천")
_MYRIADS = ("", "만", "억", "조")
_ONES = ("", "한", "두", "세", "네", "다섯", "여섯", "일곱", "여덟", "아홉")
_TENS = ("", "열", "스물", "서른", "마흔", "쉰", "예순", "일흔", "여든", "아흔")
_NATIVE = words(
    "시간 개 명 살 마리 권 잔 병 번째 번 장 대 그루 송이 켤레 벌 채 달 사람 가지 곳 군데 쌍 줄 통 자루 마디 접시 그릇 조각 "
    "배 척 다발 방울 모금 포기 바퀴 걸음 끼 판 팀 갑 알 모 단 "
    "자리 시 분(사람) 경기 게임 골 세트 박스 봉지 꼬집 숟가락 큰술 "
    "작은술 컵 편 곡 작품 종류 여 건 차례 해 주먹 뭉치 묶음 상자 쪽(조각) 돌 줌 모둠"
)
_CHINESE = words(
    "년 년대 년간 년도 년생 학년 월 일 일간 일째 분 분간 초 초간 원 도 층 호 호선 호실 호기 회 회차 위 등 등급 세기 세 주 주일 주간 "
    "주년 주차 개월 개월간 개국 개년 개사 개소 개교 인분 인승 인 쪽 "
    "페이지 킬로 킬로그램 킬로미터 미터 그램 리터 톤 센티미터 센티 "
    "밀리미터 밀리리터 평 평수 달러 유로 파운드 엔 위안 센트 번지 번호 "
    "번길 차 차선 차전 호차 조 항 단계 단지 동 대조 대손 강 승 패 점 "
    "득점 실점 급 과 부 부작 장조 박 박스오피스 볼트 와트 암페어 "
    "헤르츠 퍼센트 포인트 칼로리 배럴 헥타르 에이커 마일 인치 피트 "
    "온스 시즌 기 기통 대째 분기 반기 교시 세대 가구 사단 연대 선 선거구 개비 주기 일차 인치 관왕 연승 연패 안타 홈런 이닝 라운드"
)
_LETTERS = (
    "에이 비 시 디 이 에프 지 에이치 아이 제이 케이 엘 엠 엔 오 피 큐 아르 에스 티 유 브이 더블유 엑스 와이 제트"
)
_NATIVE_BELOW = 100
_NUMBERED = re.compile(
    r"\s?(?:출구|버스|문제|선수|타자|홀|게이트|트랙|채널|국도|승강장|창구|방|좌석|코스|홈|후보|교향곡|버튼)"
)
"""What follows a number that names and does not count: 2번 출구 is 이번, 2번 is 두 번."""


class Korean(EastAsian):
    """See the module."""

    code = "ko"
    gap = " "
    point, minus, plus, to, ratio, times, percent = "점", "마이너스", "플러스", "에서", "대", " 곱하기 ", "퍼센트"
    dot, slash, dash, underscore, at = "점", "슬래시", "다시", "밑줄", "골뱅이"
    number_sign, hashtag, version = "번호", "해시태그", "버전"
    slash_between = " "
    ordinal_prefix = "제"
    called = r"전화|전화번호|휴대폰|핸드폰|연락처|팩스|번호는|번호|대표번호|TEL|Tel|문의"
    local_phone = r"0[0-9]{1,2}-[0-9]{3,4}-[0-9]{4}|01[016789][0-9]{7,8}|1[568][0-9]{2}-[0-9]{4}|11[0-9]|119"
    phone_digits = "공일이삼사오육칠팔구"
    symbols: ClassVar = table(
        "= 는, § 절, ÷ 나누기, ± 플러스마이너스, ≈ 약, ≠ 는 같지 않다, ≤ 이하, ≥ 이상, → 에서, ° 도, "
        "% 퍼센트, < 작다, > 크다, √ 루트, ∞ 무한대, π 파이, ² 제곱, ³ 세제곱, ℡ 전화"
    )
    myriads: ClassVar = {word: word for word in ("만", "억", "조", "천만", "백만", "천", "백", "십만", "천억", "백억")}
    scales: ClassVar = {}
    money_names: ClassVar = table(
        "KRW 원, USD 달러, EUR 유로, GBP 파운드, JPY 엔, CNY 위안, INR 루피, CHF 스위스프랑, RUB 루블, "
        "HKD 홍콩달러, TWD 대만달러, THB 바트, VND 동, TRY 리라"
    )
    money_words = ("원", "달러", "유로", "파운드", "엔", "위안")
    local_currency: ClassVar = {"달러": "USD", "유로": "EUR", "파운드": "GBP", "엔": "JPY", "위안": "CNY", "元": "CNY"}
    unit_names: ClassVar = table(
        "m² 제곱미터, m2 제곱미터, ㎡ 제곱미터, km2 제곱킬로미터, cc 시시, dB 데시벨, ° 도, L 리터, l 리터, "
        "s 초, h 시간, mAh 밀리암페어시, K 케이, bps 비피에스, rpm 알피엠"
    )
    counters = tuple(sorted(_NATIVE | _CHINESE | {"달"}))
    letter_names: ClassVar = dict(zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", _LETTERS.split(), strict=True))
    word_acronyms: ClassVar = table(
        "NASA 나사, NATO 나토, UNESCO 유네스코, UNICEF 유니세프, OPEC 오펙, ASEAN 아세안, AIDS 에이즈, "
        "FIFA 피파, APEC 에이펙, OK 오케이, TOEIC 토익, TOEFL 토플, TEL 전화, POSCO 포스코, KOTRA 코트라, "
        "KAIST 카이스트"
    )
    abbreviations: ClassVar = table(
        "Dr. 닥터, Mr. 미스터, Mrs. 미시즈, Ms. 미즈, vs. 대, vs 대, etc. 기타, ㈜ 주식회사, (주) 주식회사, "
        "St. 세인트, Vol. 볼륨, Jr. 주니어"
    )

    def own_rules(self) -> Sequence[Rule]:
        return [
            (re.compile(r"(?<=[0-9])\s?[+](?=\s?[0-9])"), lambda found: " 더하기 "),
            (re.compile(r"(?<=[0-9])\s[-−](?=\s[0-9])"), lambda found: " 빼기 "),
            (re.compile(r"(?<=[0-9])\s?[×x](?=\s?[0-9])"), lambda found: " 곱하기 "),
            (re.compile(r"(?<=[0-9])\s?÷(?=\s?[0-9])"), lambda found: " 나누기 "),
            (re.compile(r"\s?=\s?(?=[0-9])"), self._equals),
            (re.compile(r"&"), lambda found: " 앤드 "),
            (re.compile(r"(?P<a>[0-9]{1,2})·(?P<b>[0-9]{1,2})(?![0-9])"), self._commemorated),
            (
                re.compile(r"(?P<a>[0-9]{1,2})\.(?P<b>[0-9]{1,2})(?=\s?(?:전쟁|절|운동|혁명|민주|사태|항쟁))"),
                self._commemorated,
            ),
            *super().own_rules(),
        ]

    def _commemorated(self, found: Found) -> str:
        """A day of history: 6.25 전쟁, 3·1절."""
        return self.say_digits(found["a"] + found["b"])

    def _equals(self, found: Found) -> str:
        return "은 " if found.before[-1:] in tuple("013678") else "는 "

    def cardinal(self, number: int, gender: str = "") -> str:
        return _chinese(number)

    def ordinal(self, number: int, gender: str = "") -> str:
        return f"제{_chinese(number)}"

    def say_digits(self, digits: str) -> str:
        return "".join(_DIGITS[int(digit)] for digit in digits)

    def say_whole(self, digits: str, gender: str = "") -> str:
        if len(digits) > MAX_DIGITS or (len(digits) > 1 and digits[0] == "0"):
            return "".join(self.phone_digits[int(digit)] for digit in digits)
        return _chinese(int(digits))

    def say_number(self, number: Number, gender: str = "") -> str:
        words = self.say_whole(number.whole or "0")
        if number.fraction:
            words = f"{words}점{self.say_digits(number.fraction)}"
        return self.join(self.say_sign(number.sign), words)

    def say_percent(self, number: Number) -> str:
        return f"{self.say_number(number)}퍼센트"

    def say_amount(self, number: Number, counter: str, found: Found) -> str:
        if not number.is_whole or len(number.whole) > MAX_DIGITS:
            return f"{self.say_number(number)}{counter}"
        value = int(number.whole)
        sign = self.say_sign(number.sign)
        if counter == "월" and value in (6, 10):
            return "유월" if value == 6 else "시월"
        is_name = counter == "번" and _NUMBERED.match(found.after)
        if not is_name and self._is_native(value, counter):
            words = "첫" if (counter, value) == ("번째", 1) else _native(value)
            return self.join(sign, words, counter)
        return self.join(sign, f"{self.say_whole(number.whole)}{counter}")

    def _is_native(self, value: int, counter: str) -> bool:
        if counter not in _NATIVE or not 0 < value < _NATIVE_BELOW:
            return False
        if counter == "시":
            return value <= 12
        if counter in ("대", "여"):
            return value % 10 != 0
        return True

    def say_counter_range(self, first: Number, last: Number, found: Found) -> str:
        counter = found["counter"]
        said = self.say_amount(last, counter, found)
        if first.is_whole and last.is_whole and self._is_native(int(first.whole[-12:]), counter):
            if int(last.whole[-12:]) <= 20:
                return f"{self.say_amount(first, counter, found)}에서 {said}"
            said = f"{self.say_number(last)}{counter}"
        return self.say_range(self.say_number(first), said)

    def say_range(self, first: str, last: str) -> str:
        return f"{first}에서 {last}"

    def say_ordinal(self, number: Number, counter: str) -> str:
        return f"제{self.say_whole(number.whole) if number.whole else ''}{counter}"

    def say_measure(self, number: Number, unit: str) -> str | None:
        if number.sign == "-" and unit in ("°C", "℃"):
            return f"영하 {self.say_number(Number(number.whole, number.fraction))}도"
        return super().say_measure(number, unit)

    def say_sum(self, number: Number, scale: str, noun: str) -> str:
        if noun == "달러" and len(number.fraction) == 2 and not scale:
            cents = f"{_chinese(int(number.fraction))}센트" if int(number.fraction) else ""
            return self.join(f"{self.say_whole(number.whole)}달러", cents)
        return super().say_sum(number, scale, noun)

    def say_numbered(self, number: Number) -> str:
        return f"{self.say_number(number)}번"

    def say_letters(self, letters: str) -> str:
        return self.word_acronyms.get(letters) or "".join(self.letter_names[letter] for letter in letters)

    def say_date(self, date: Date, found: Found) -> str:
        year = "" if date.year is None else f"{_chinese(date.year)}년"
        month = "" if date.month is None else self.say_amount(Number(str(date.month)), "월", found)
        day = "" if date.day is None else f"{_chinese(date.day)}일"
        return self.join(year, month, day) + ("" if not date.last_day else f"에서 {_chinese(date.last_day)}일")

    def say_clock(self, clock: Clock) -> str:
        half = {"am": "오전", "pm": "오후"}.get(clock.half, "")
        hour = f"{_native(clock.hour)} 시" if 0 < clock.hour <= 12 else f"{_chinese(clock.hour)}시"
        minutes = f"{_chinese(clock.minute)}분" if clock.minute or clock.second is not None else ""
        seconds = "" if clock.second is None else f"{_chinese(clock.second)}초"
        return self.join(half, hour, minutes, seconds)

    def say_ratio(self, left: str, right: str) -> str:
        return f"{self.say_whole(left)} 대 {self.say_whole(right)}"

    def say_fraction(self, above: int, below: int) -> str:
        return f"{_chinese(below)}분의 {_chinese(above)}"

    def say_mixed(self, whole: str, fraction: str) -> str:
        return f"{self.say_whole(whole)}와 {fraction}"

    def say_regnal(self, number: int, name: str) -> str:
        return f"{_chinese(number)}세"


def _native(number: int) -> str:
    """A number below 100 before what it counts."""
    return "스무" if number == 20 else f"{_TENS[number // 10]}{_ONES[number % 10]}"


def _chinese(number: int) -> str:
    """A whole number below 10**16; a space follows each myriad, as it is written."""
    if not number:
        return _DIGITS[0]
    words: list[str] = []
    place = 0
    while number:
        number, group = divmod(number, 10_000)
        if group:
            said = "" if place == 1 and group == 1 and not number else _below_myriad(group)
            words.append(f"{said}{_MYRIADS[place]}")
        place += 1
    return " ".join(reversed(words))


def _below_myriad(number: int) -> str:
    words = ""
    for place in (3, 2, 1, 0):
        digit = number // 10**place % 10
        if digit:
            words += f"{'' if digit == 1 and place else _DIGITS[digit]}{_PLACES[place]}"
    return words
