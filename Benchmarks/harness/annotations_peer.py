"""The measured program for Python: counts what `instructblip data stats` counts, with the library's json, and prints one JSON object.

    annotations_peer.py conversations FILE
    annotations_peer.py questions QUESTIONS ANNOTATIONS

It applies no templates and looks for no pictures, so it has less to do.
"""
from __future__ import annotations

import collections
import json
import sys


class Counts:
    def __init__(self) -> None:
        self.samples = 0
        self.pictures: set[str] = set()
        self.instruction_words: collections.Counter[int] = collections.Counter()
        self.answer_words: collections.Counter[int] = collections.Counter()
        self.answers: collections.Counter[str] = collections.Counter()

    def add(self, picture: str, instruction: str, answer: str) -> None:
        self.samples += 1
        self.pictures.add(picture)
        self.instruction_words[len(instruction.split())] += 1
        self.answer_words[len(answer.split())] += 1
        self.answers[answer] += 1

    def write(self) -> None:
        words = sum(length * count for length, count in self.answer_words.items())
        print(json.dumps({"samples": self.samples, "distinct_pictures": len(self.pictures), "answer_words_mean": words / max(1, self.samples),
                          "answers": self.answers.most_common(10)}))


def conversations(path: str, counts: Counts) -> None:
    with open(path, encoding="utf-8") as file:
        for line in file:
            record = json.loads(line)
            turns = record["conversations"]
            for question, answer in zip(turns[::2], turns[1::2]):
                counts.add(record["image"], question["value"].replace("<image>", "").strip(), answer["value"])


def questions(path: str, annotations: str, counts: Counts) -> None:
    """As VQA's own tools do it: both files whole, the annotations by their question."""
    with open(annotations, encoding="utf-8") as file:
        answered = {record["question_id"]: record for record in json.load(file)["annotations"]}
    with open(path, encoding="utf-8") as file:
        for record in json.load(file)["questions"]:
            given = collections.Counter(answer["answer"] for answer in answered[record["question_id"]]["answers"])
            counts.add(f"coco/{record['image_id']}", record["question"], given.most_common(1)[0][0])


if __name__ == "__main__":
    counts = Counts()
    {"conversations": conversations, "questions": questions}[sys.argv[1]](*sys.argv[2:], counts)
    counts.write()
