"""Questions to Label Studio's task JSON, and its annotation JSON to answers. Pure.

asking.py      a question as a task, with what is pre-filled
answering.py   what a person said in an annotation
"""

from labeling.tasks.answering import Answer, Origin, Unusable, read_annotation, read_task
from labeling.tasks.asking import (
    Json,
    Kind,
    StudioQuestion,
    annotation_result,
    answered_task,
    name_of,
    prediction_json,
    shown_beside,
    task_data,
)

__all__ = [
    "Answer",
    "Json",
    "Kind",
    "Origin",
    "StudioQuestion",
    "Unusable",
    "annotation_result",
    "answered_task",
    "name_of",
    "prediction_json",
    "read_annotation",
    "read_task",
    "shown_beside",
    "task_data",
]
