"""Syllables and grades against counts made by hand."""

from __future__ import annotations

from collections import Counter

import pytest

from tenkay_extractor.readability import (
    is_complex,
    is_passive,
    legibility,
    moving_type_token_ratio,
    syllables,
)

BY_HAND = """
rate 1; rates 1; rule 1; rules 1; table 2; tables 2; boxes 2; changes 2; change 1; priced 1; ruled 1; traded 2;
enabled 3; statement 2; statements 2; safely 2; settlement 3; management 3; requirement 3; requirements 3; material 4;
materially 5; associate 4; associated 5; financial 3; initial 3; marriage 2; period 3; periods 3; portfolio 4; nation
2; million 2; billion 2; opinion 3; union 2; various 3; previous 3; previously 4; religion 3; region 2; regions 2;
ratio 3; violation 4; prior 2; senior 2; junior 2; behavior 3; superior 4; premium 3; medium 3; client 2; science 2;
efficient 3; sufficient 3; patient 2; experience 4; audience 3; carrier 3; earlier 3; supplier 3; suppliers 3;
earliest 3; video 3; theory 3; people 2; geographic 4; simultaneous 5; create 2; created 3; creation 3; area 3; idea
3; realize 3; realized 3; reality 4; nuclear 3; clear 1; react 2; reach 1; annual 3; annually 4; actual 3; actually 4;
evaluate 4; evaluation 5; quality 3; guarantee 3; language 2; january 4; situation 4; continuity 5; annuity 4;
liquidity 4; build 1; require 2; influence 3; frequent 2; subsequent 3; subsequently 4; fuel 2; value 2; values 2;
continue 3; revenue 3; revenues 3; continuous 4; continuously 5; cooperate 4; coordinate 4; coordination 5; cool 1;
employee 3; employees 3; employer 3; royalty 3; royalties 3; player 2; buyer 2; payable 3; employed 2; delayed 2;
applying 3; paying 2; being 2; continuing 4; capitalism 5; liability 5; liabilities 5; variable 4; subsidiary 5;
subsidiaries 5; beneficiary 6; familiar 3; company 3; companies 3; operating 4; operations 4; increase 2; increased 2;
increases 3; decrease 2; decreased 2; expenses 3; interest 3; compared 2; primarily 4; approximately 5; net 1; sales
1; income 2; cash 1; obligations 4; agreement 3; agreements 3; accounting 3; estimates 3; recognized 3; tax 1; taxes
2; assets 2; december 3; fiscal 2; acquisition 4; acquisitions 4; depreciation 5; amortization 5; impairment 3;
investment 3; investments 3; securities 4; facility 4; facilities 4; services 3; service 2; products 2; customers 3;
customer 3; higher 2; lower 2; partially 3; due 1; loans 1; loan 1; believe 2; believes 2; include 2; included 3;
includes 2; through 1; required 2; business 2; businesses 3; market 2; markets 2; international 5; years 1; year 1;
months 1; fourth 1; quarter 2; development 4; manufacturing 5; general 3; administrative 5; competitive 4; society 4;
variety 4; technology 4; technologies 4; industry 3; rely 2; reliance 3; entire 2; entirely 3; timely 2; useful 2;
purchase 2; purchased 2; purchases 3; provide 2; provided 3; provides 2; issue 2; issued 2; issues 2; reduce 2;
reduced 2; reduces 3; basis 2; appropriate 4; deterioration 6; negotiate 4; negotiation 5; negotiations 5; special 2;
partial 2; social 2; official 3; commercial 3; substantial 3; substantially 4; potential 3; essential 3; essentially
4; individual 5; individually 6; gradual 3; usual 3; unusual 4; residual 4; mutual 3; accrue 2; accrued 2; accrual 3;
valuing 3; valuation 4; fluid 2; suit 1; equipment 3; requiring 3; acquired 2; acquire 2; inquiry 3; queue 1; cruel 2;
duty 2; ruin 2; diesel 2; efficiency 4; deficiency 4; proficiency 4; ancient 2; conscience 2
"""


def test_syllables_are_those_counted_by_hand() -> None:
    counted = [line.split() for line in BY_HAND.split(";") if line.strip()]
    wrong = {word: syllables(word) for word, number in counted if syllables(word) != int(number)}
    assert len(counted) > 250
    assert not wrong


@pytest.mark.parametrize(
    ("word", "hard"),
    [
        ("management", True),
        ("companies", True),
        ("operating", True),
        ("expenses", False),
        ("increases", False),
        ("created", False),
        ("marketing", False),
        ("committees", True),
        ("market", False),
    ],
)
def test_endings_alone_make_no_word_hard(word: str, hard: bool) -> None:
    assert is_complex(word) is hard


def test_names_and_sentences_of_unusual_length_are_left_out() -> None:
    sentences = [
        [
            "Considerable",
            "expenditures",
            "hit",
            "Microsoft",
            "Corporation",
        ],  # three hard words, two of them a name's
        ["Total", "assets"],
        ["word"] * 151,
    ]
    counted = legibility(sentences, Counter(word for sentence in sentences for word in sentence))
    assert (counted.sentences, counted.words, counted.complex_words) == (1, 5, 2)
    assert counted.fog_index == pytest.approx(0.4 * (5 + 100 * 2 / 5))


@pytest.mark.parametrize(
    ("following", "passive"),
    [
        ("sold", True),
        ("recently acquired", True),
        ("not expected", True),
        ("higher", False),
        ("indeed", False),
        ("hundred", False),
        ("open", False),
        ("between", False),
        ("fully in", False),
        ("", False),
    ],
)
def test_a_passive_is_a_participle_behind_a_form_of_be(following: str, passive: bool) -> None:
    assert is_passive(following.split()) is passive


def test_variety_is_the_share_of_distinct_words_in_windows() -> None:
    assert moving_type_token_ratio(["a", "b"] * 500) == pytest.approx(2 / 500)
    half = [f"w{number}" for number in range(500)] + ["a"] * 250
    assert moving_type_token_ratio(half) == pytest.approx((1 + 251 / 500) / 2)
