"""Made-up companies' filings in EDGAR's layout, with the truth they were made from. See README.md."""

from samples.companies import COMPANIES, SampleCompany
from samples.filings import SampleDocument, SampleFiling
from samples.hostile import hostile_documents
from samples.library import build_truth, generate
from samples.schedule import sample_filings
from samples.submission_text import submission_text
from samples.truth import CompanyTruth, Expected, FilingTruth, Quote, Truth, load_truth

__all__ = [
    "COMPANIES",
    "CompanyTruth",
    "Expected",
    "FilingTruth",
    "Quote",
    "SampleCompany",
    "SampleDocument",
    "SampleFiling",
    "Truth",
    "build_truth",
    "generate",
    "hostile_documents",
    "load_truth",
    "sample_filings",
    "submission_text",
]
