"""Annotation files of any size in the forms of LLaVA and VQAv2, the same in every run."""
from __future__ import annotations

import json
import random
from pathlib import Path

WORDS = ("what is the man holding in his left hand red blue green dog two women near a large brown table with food on it next to window while "
         "several people wait behind an old white bus under trees").split()
TYPES = ("what is the", "how many", "is the", "what color is the", "none of the above")
TEXTS = 5_003
"""Different texts of each kind: a prime, so that records do not repeat together."""


def _texts(generator: random.Random, shortest: int, longest: int, end: str) -> list[str]:
    return [" ".join(generator.choices(WORDS, k=generator.randint(shortest, longest))) + end for _ in range(TEXTS)]


def write_conversations(path: Path, records: int) -> None:
    """One conversation of one answer a line, about 300 bytes each."""
    generator = random.Random(20261121)
    questions = [json.dumps("<image>\n" + text) for text in _texts(generator, 6, 14, "?")]
    answers = [json.dumps(text.capitalize()) for text in _texts(generator, 12, 28, ".")]
    with path.open("w", encoding="utf-8") as file:
        for record in range(records):
            question, answer = questions[record % TEXTS], answers[record * 7 % TEXTS]
            file.write(f'{{"id": "{record:012d}", "image": "coco/train2017/{record // 3:012d}.jpg", "conversations": [{{"from": "human", "value": '
                       f'{question}}}, {{"from": "gpt", "value": {answer}}}]}}\n')


def write_questions(questions: Path, annotations: Path, records: int) -> None:
    """The two files of VQAv2: an annotation with ten answers has about 770 bytes."""
    generator = random.Random(20261121)
    texts = [json.dumps(text) for text in _texts(generator, 4, 9, "?")]
    answers = []
    for _ in range(TEXTS):
        likely, other = generator.sample(WORDS, 2)
        given = [{"answer": other if generator.random() < 0.2 else likely, "answer_confidence": generator.choice(("yes", "yes", "maybe", "no")),
                  "answer_id": number} for number in range(1, 11)]
        answers.append((json.dumps(likely), json.dumps(given)))
    with questions.open("w", encoding="utf-8") as file:
        file.write('{"info": {"version": "2.0"}, "task_type": "Open-Ended", "data_type": "mscoco", "data_subtype": "train2014", "questions": [')
        for record in range(records):
            image = record // 5 * 3 + 9
            comma = ", " if record else ""
            file.write(f'{comma}{{"image_id": {image}, "question": {texts[record % TEXTS]}, "question_id": {image * 1000 + record % 5}}}')
        file.write("]}")
    with annotations.open("w", encoding="utf-8") as file:
        file.write('{"info": {"version": "2.0"}, "data_type": "mscoco", "data_subtype": "train2014", "annotations": [')
        for record in range(records):
            image = record // 5 * 3 + 9
            comma = ", " if record else ""
            likely, given = answers[record * 11 % TEXTS]
            file.write(f'{comma}{{"question_type": "{TYPES[record % len(TYPES)]}", "multiple_choice_answer": {likely}, "answers": {given}, '
                       f'"image_id": {image}, "answer_type": "other", "question_id": {image * 1000 + record % 5}}}')
        file.write("]}")
