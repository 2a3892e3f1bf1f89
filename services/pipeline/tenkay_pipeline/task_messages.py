"""What Celery carries: which stage of which filing of which job, and its place in the submission's trace.

Ids only, never filings: a message may be lost, doubled or late without harm, because a worker does nothing without the
lease it then asks the pipeline for.
"""

from __future__ import annotations

from dataclasses import dataclass

from tenkay_pipeline.jobs import Stage

QUEUES: dict[Stage, str] = {
    Stage.FETCH: "io_bound",
    Stage.EXTRACT: "cpu_intensive",
    Stage.ANALYZE: "model_calls",
}
"""Which queue each stage's tasks wait in."""

STAGES_BY_QUEUE: dict[str, Stage] = {queue: stage for stage, queue in QUEUES.items()}

TASK_NAMES: dict[Stage, str] = {
    Stage.FETCH: "fetch_filing",
    Stage.EXTRACT: "extract_signals",
    Stage.ANALYZE: "analyze_signals",
}
"""The Celery task of each stage."""


@dataclass(frozen=True, slots=True)
class TaskMessage:
    """One task's arguments; all of them text, by these names."""

    job_id: str
    accession_number: str
    stage: Stage
    traceparent: str
    """W3C trace context; empty when the submission had none."""

    def arguments(self) -> dict[str, str]:
        """As the message carries them."""
        return {
            "job_id": self.job_id,
            "accession_number": self.accession_number,
            "stage": self.stage.name,
            "traceparent": self.traceparent,
        }

    @classmethod
    def of(cls, job_id: str, accession_number: str, stage: str, traceparent: str) -> TaskMessage:
        """From the arguments a message carried. KeyError for a stage that is none."""
        return cls(job_id, accession_number, Stage[stage], traceparent)
