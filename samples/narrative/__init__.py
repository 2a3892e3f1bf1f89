"""What the sample companies say about themselves, by company."""

from samples.companies import SampleCompany
from samples.narrative import corvane, larkfield, pell_dunmore
from samples.narrative.profile import Profile


def profile_of(company: SampleCompany) -> Profile:
    return {
        "larkfield": larkfield.PROFILE,
        "pell_dunmore": pell_dunmore.PROFILE,
        "corvane": corvane.PROFILE,
    }[company.key]
