"""The numbers the filings are made from: sixteen quarters a company, fiscal 2021 to 2024, and two older spans.

Amounts are in the company's own unit (Larkfield: millions of US dollars, the others: thousands), shares in thousands.
Fiscal 2021 is there for the comparative columns of fiscal 2022. Balances follow from the flows, see `financials`.
"""

from __future__ import annotations

from samples.financials import Balance, DebtDue, flow_series

LARKFIELD_OPENING = Balance(
    cash=310,
    investments=140,
    receivables=265,
    inventory=198,
    prepaid=42,
    plant=520,
    goodwill=610,
    restricted_cash=0,
    other_assets=75,
    payables=118,
    accrued=160,
    revolver=0,
    current_debt=100,
    noncurrent_debt=700,
    other_liabilities=145,
    paid_in_capital=402,
    retained_earnings=535,
)
LARKFIELD_QUARTERS = flow_series(
    revenue="402 418 431 467 | 446 463 480 521 | 497 515 533 580 | 552 571 594 648",
    cost_of_revenue="178 184 189 203 | 197 203 210 226 | 217 224 231 249 | 239 246 254 275",
    selling_general="98 100 103 108 | 106 109 112 118 | 116 119 122 129 | 126 129 133 141",
    research="36 37 38 40 | 39 41 42 44 | 44 45 46 49 | 48 50 51 54",
    interest_expense="6 6 6 6 | 5 5 5 5 | 4 4 4 4 | 3 3 3 3",
    other_income="1 1 1 1 | 1 2 2 2 | 3 3 3 4 | 4 4 5 5",
    income_tax="18 19 20 23 | 21 22 24 27 | 25 26 28 32 | 29 31 33 38",
    depreciation="15 15 16 16 | 16 17 17 17 | 18 18 19 19 | 19 20 20 21",
    stock_compensation="8 8 8 9 | 9 9 9 10 | 10 10 10 11 | 11 11 12 12",
    receivables_increase="-9 6 7 14 | -11 8 9 17 | -12 9 9 20 | -14 10 11 23",
    inventory_increase="5 4 3 -2 | 6 5 4 -3 | 6 5 4 -2 | 7 5 5 -4",
    payables_increase="-6 4 3 9 | -7 4 4 10 | -8 5 4 11 | -9 5 5 12",
    capital_expenditure="19 22 21 26 | 21 23 24 29 | 23 26 27 33 | 26 28 30 37",
    investments_bought="10 0 15 0 | 20 0 -10 15 | 0 25 0 20 | 15 0 30 -20",
    debt_repaid="0 0 0 100 | 0 0 0 100 | 0 0 0 100 | 0 0 0 100",
    stock_issued="3 2 3 2 | 3 2 3 3 | 4 3 3 3 | 4 3 4 4",
    buybacks="20 20 25 25 | 25 25 30 30 | 30 35 35 40 | 40 40 45 50",
    dividends="18 18 18 18 | 19 19 19 19 | 21 21 21 21 | 23 23 23 23",
    basic_shares="120750 120440 120130 119820 | 119510 119200 118890 118580 | "
    "118270 117960 117650 117340 | 117030 116720 116410 116100",
    diluted_shares="122400 122090 121780 121470 | 121160 120850 120540 120230 | "
    "119920 119610 119300 118990 | 118680 118370 118060 117750",
)
LARKFIELD_DEBT_DUE = (DebtDue(current=100),) * 16

PELL_DUNMORE_OPENING = Balance(
    cash=48_300,
    investments=0,
    receivables=4_900,
    inventory=118_400,
    prepaid=7_600,
    plant=96_500,
    goodwill=30_500,
    restricted_cash=1_500,
    other_assets=9_200,
    payables=52_100,
    accrued=38_400,
    revolver=0,
    current_debt=6_000,
    noncurrent_debt=54_000,
    other_liabilities=24_900,
    paid_in_capital=92_600,
    retained_earnings=48_900,
)
PELL_DUNMORE_QUARTERS = flow_series(
    revenue="148210 152480 149905 196340 | 141730 143915 138260 178420 | "
    "121640 119875 112330 141905 | 96480 91215 83940 98760",
    cost_of_revenue="88185 91183 90243 119571 | 87731 90091 88210 116151 | "
    "80526 80916 77620 100611 | 69080 66496 61948 74366",
    selling_general="54120 54985 55310 66240 | 55870 56140 55025 64310 | "
    "51260 50475 49330 54120 | 43515 41820 39610 42105",
    impairment="0 0 0 0 | 0 0 0 6200 | 0 0 9800 14500 | 0 0 0 0",
    interest_expense="1240 1255 1270 1310 | 1480 1565 1690 1845 | 2110 2320 2515 2740 | 2905 3060 3215 3390",
    other_income="40 35 30 45 | 20 25 15 20 | -10 5 -15 -20 | -30 -25 0 -40",
    income_tax="1150 1310 820 2005 | -610 -890 -1740 -260 | 110 95 85 120 | 60 55 50 65",
    depreciation="4310 4345 4390 4420 | 4460 4475 4490 4505 | 4410 4360 4290 4215 | 3940 3810 3705 3590",
    stock_compensation="610 620 635 640 | 655 640 615 590 | 480 455 430 405 | 310 290 270 255",
    receivables_increase="120 -80 60 210 | -140 -90 -180 -260 | -310 -270 -240 -190 | -220 -180 -160 -140",
    inventory_increase="6200 4100 9800 -11900 | 5400 3900 10600 -9200 | "
    "2100 -1800 3900 -12400 | -2600 -3900 -1400 -7800",
    payables_increase="3100 2200 5400 -6800 | 2900 1700 4600 -4100 | "
    "1900 2700 3400 -1500 | 2300 2900 3100 1200",
    capital_expenditure="6900 7400 7100 8200 | 6100 5600 4900 5300 | 2900 2400 1900 2100 | 910 760 640 820",
    debt_issued="0 0 0 0 | 5000 8000 12000 0 | 10000 12000 14000 0 | 12000 11000 10000 4000",
    debt_repaid="1500 1500 1500 1500 | 1500 1500 1500 6500 | 1500 1500 1500 2500 | 900 900 0 0",
    buybacks="2500 2500 2500 2500 | 1500 0 0 0 | 0 0 0 0 | 0 0 0 0",
    dividends="1200 1200 1200 1200 | 1200 1200 0 0 | 0 0 0 0 | 0 0 0 0",
    basic_shares="24650 24690 24710 24760 | 24780 24810 24840 24870 | "
    "24910 24950 25010 25080 | 25160 25230 25310 25400",
    diluted_shares="24990 25030 25050 25100 | 24780 24810 24840 24870 | "
    "24910 24950 25010 25080 | 25160 25230 25310 25400",
)
PELL_DUNMORE_DEBT_DUE = tuple(
    DebtDue(revolver, current)
    for revolver, current in zip(
        (
            0,
            0,
            0,
            0,
            5_000,
            13_000,
            25_000,
            20_000,
            30_000,
            42_000,
            56_000,
            55_000,
            67_000,
            78_000,
            88_000,
            92_000,
        ),
        (*(6_000,) * 15, 40_200),
        strict=True,
    )
)
"""In default at the end of fiscal 2024: all of it is due."""

CORVANE_OPENING = Balance(
    cash=41_400,
    investments=9_000,
    receivables=33_200,
    inventory=36_800,
    prepaid=4_100,
    plant=52_300,
    goodwill=21_500,
    restricted_cash=0,
    other_assets=6_400,
    payables=19_700,
    accrued=15_300,
    revolver=4_000,
    current_debt=4_000,
    noncurrent_debt=52_000,
    other_liabilities=8_900,
    paid_in_capital=128_400,
    retained_earnings=-30_300,
    noncontrolling=2_700,
)
CORVANE_QUARTERS = flow_series(
    revenue="51240 52310 53180 55420 | 50160 48230 47190 52880 | "
    "54610 57240 60830 66310 | 68150 71920 75640 82470",
    cost_of_revenue="34946 35466 35897 37076 | 35313 34677 34260 36910 | "
    "36534 37435 39053 41709 | 42117 43799 45308 48492",
    selling_general="11240 11380 11450 11620 | 12110 12420 12350 12180 | "
    "11460 11320 11410 11680 | 12140 12390 12720 13150",
    research="7810 7940 8020 8150 | 8420 8510 8390 8270 | 7980 7910 7960 8040 | 8310 8420 8610 8790",
    impairment="0 0 0 0 | 0 0 3200 0 | 0 0 0 0 | 0 0 0 0",
    interest_expense="910 905 900 915 | 1010 1080 1140 1190 | 1150 1120 1090 1060 | 780 640 310 60",
    other_income="120 110 95 90 | 80 75 60 140 | 210 230 260 280 | 310 330 340 390",
    income_tax="-420 -380 -310 -180 | 90 80 70 60 | 110 140 260 410 | 1480 1920 2310 2840",
    noncontrolling_income="60 55 70 85 | 40 30 20 45 | 80 95 110 130 | 140 160 170 190",
    depreciation="2410 2440 2465 2490 | 2530 2560 2580 2595 | 2540 2510 2490 2480 | 2510 2560 2620 2690",
    stock_compensation="1120 1140 1155 1170 | 1190 1205 1180 1160 | "
    "1140 1155 1170 1190 | 1240 1265 1290 1320",
    receivables_increase="640 -310 420 910 | -1240 -860 -430 1320 | 880 960 1240 1890 | 740 1310 1420 2280",
    inventory_increase="920 1140 810 -260 | 2310 2740 1890 -1620 | -1480 -720 240 610 | 820 940 1160 -380",
    payables_increase="410 -220 530 760 | -690 -480 310 920 | 740 580 690 1120 | 380 760 880 1340",
    capital_expenditure="2210 2340 2180 2560 | 2890 2740 2510 2130 | "
    "1640 1590 1720 1980 | 2140 2310 2450 2790",
    investments_bought="0 2000 0 1500 | -1500 -2000 -2000 -1000 | 0 0 0 500 | 0 0 -5000 1000",
    debt_issued="0 0 0 0 | 0 6000 4000 0 | 45000 0 0 0 | 0 0 0 0",
    debt_repaid="1000 1000 1000 1000 | 1000 1000 1000 1000 | 62000 0 0 0 | 5000 10000 20000 10000",
    stock_issued="0 0 0 0 | 0 0 0 12000 | 14500 0 0 0 | 0 0 0 0",
    basic_shares="41200 41260 41310 41380 | 41460 41530 41610 43950 | "
    "46800 46870 46940 47010 | 47110 47190 47280 47360",
    diluted_shares="41200 41260 41310 41380 | 41460 41530 41610 43950 | "
    "46800 46870 47850 47920 | 48020 48100 48190 48270",
)
CORVANE_DEBT_DUE = (
    *(DebtDue(4_000, 4_000),) * 5,
    DebtDue(10_000, 4_000),
    DebtDue(14_000, 4_000),
    DebtDue(14_000, 8_000),
    *(DebtDue(),) * 8,
)
"""Refinanced by convertible notes in the first quarter of fiscal 2023, and repaid during fiscal 2024."""

CORVANE_2022_RECLASSIFIED = (1_840, 1_760, 1_720, 1_930)
"""What fiscal 2022 revenue and cost lose, by quarter, when Corvane later shows resold components net."""

LARKFIELD_2010_CLOSING = Balance(
    cash=142,
    investments=0,
    receivables=118,
    inventory=97,
    prepaid=14,
    plant=236,
    goodwill=84,
    restricted_cash=0,
    other_assets=21,
    payables=58,
    accrued=74,
    revolver=0,
    current_debt=0,
    noncurrent_debt=0,
    other_liabilities=39,
    paid_in_capital=176,
    retained_earnings=365,
)
LARKFIELD_2011_2012 = flow_series(
    revenue="708 772",
    cost_of_revenue="331 357",
    selling_general="176 189",
    research="66 71",
    other_income="2 3",
    income_tax="44 50",
    depreciation="33 36",
    stock_compensation="9 11",
    receivables_increase="7 10",
    inventory_increase="6 -3",
    payables_increase="4 5",
    capital_expenditure="41 47",
    stock_issued="6 7",
    buybacks="30 38",
    dividends="24 27",
    basic_shares="128400 127100",
    diluted_shares="129900 128700",
)
"""Two fiscal years without a borrowing, in millions."""

LARKFIELD_1994_CLOSING = Balance(
    cash=11_480,
    investments=0,
    receivables=24_310,
    inventory=27_940,
    prepaid=2_150,
    plant=38_620,
    goodwill=0,
    restricted_cash=0,
    other_assets=3_410,
    payables=12_870,
    accrued=9_640,
    revolver=0,
    current_debt=2_000,
    noncurrent_debt=18_000,
    other_liabilities=4_120,
    paid_in_capital=21_300,
    retained_earnings=39_980,
)
LARKFIELD_1995_1996 = flow_series(
    revenue="148620 163940",
    cost_of_revenue="82410 89870",
    selling_general="36250 39580",
    research="13940 15810",
    interest_expense="1640 1480",
    other_income="410 520",
    income_tax="5020 6240",
    depreciation="6830 7210",
    receivables_increase="2140 2610",
    inventory_increase="1980 2220",
    payables_increase="1320 1540",
    capital_expenditure="8470 9360",
    debt_repaid="2000 2000",
    stock_issued="640 710",
    dividends="2480 2720",
    basic_shares="15480 15560",
    diluted_shares="15690 15810",
)
"""Two fiscal years in thousands, as the company reported then."""
