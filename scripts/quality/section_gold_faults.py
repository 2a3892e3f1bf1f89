"""Expected sections that a look at the filing shows to be wrong, with what is wrong.

By accession number and section; a section "*" stands for all of the filing's.
"""

_TABLES_LEFT_OUT = "the source leaves out the item's last table"
_PRINTED = "the filing prints this heading"
_NO_HEADINGS = "the filing has no such headings: the source took its index of pages for them"

GOLD_FAULTS: dict[tuple[str, str], str] = {
    **dict.fromkeys(
        [
            ("0000909518-12-000340", "item_5.07"),
            ("0001104659-13-084555", "item_5.07"),
            ("0000950123-10-021324", "item_9.01"),
            ("0000950123-10-065494", "item_9.01"),
            ("0000950123-10-065877", "item_9.01"),
            ("0000950123-10-068495", "item_9.01"),
            ("0000950123-10-095885", "item_9.01"),
            ("0000950123-10-107880", "item_9.01"),
            ("0001002517-19-000017", "item_9.01"),
            ("0001002517-20-000025", "item_9.01"),
            ("0001002517-21-000023", "item_9.01"),
            ("0001193125-19-011593", "item_5.07"),
            ("0000100493-15-000029", "item_5.07"),
            ("0000100493-17-000037", "item_5.07"),
            ("0000100493-19-000037", "item_5.07"),
            ("0000100493-20-000043", "item_5.07"),
            ("0000100493-22-000021", "item_5.07"),
        ],
        _TABLES_LEFT_OUT,
    ),
    ("0000939057-08-000013", "item_5.02"): 'the heading is "Items 1.01(a) and 5.02(e)"',
    **dict.fromkeys(
        [
            ("0000732717-23-000047", "part2_item2"),
            ("0000732717-23-000047", "part2_item6"),
            ("0001193125-04-034751", "item_12"),
            ("0001558891-19-000066", "item_4"),
            ("0000950135-02-001340", "item_5"),
            ("0001193125-06-156152", "item_15"),
            ("0000040545-94-000003", "item_10"),
        ],
        _PRINTED,
    ),
    **dict.fromkeys(
        [("0001090727-23-000038", "part1_item1"), ("0000012927-23-000048", "part1_item1")],
        "ours opens with the heading and ends before the next one; the source leaves out elements: counted back from "
        "Item 2 its length begins in the midst of a table",
    ),
    ("0001628280-23-027203", "part1_item1"): (
        "ours opens with the first statement, for the filing prints no heading of Item 1 outside its table of contents;"
        " the source leaves out elements: counted back from Item 2 its length begins in the midst of a note"
    ),
    ("0000732712-23-000055", "part2_item5"): "the filing has no Item 5",
    ("0000040545-23-000198", "*"): _NO_HEADINGS,
    ("0000040545-24-000027", "*"): _NO_HEADINGS,
    ("0000912057-94-001499", "item_13"): 'the source ends with "PART IV", which opens the next part',
}
