"""Tests of the machinery, without any peer: python3 -m unittest discover --start-directory Benchmarks --pattern 'test_*.py'"""
from __future__ import annotations

import sys
import tempfile
import unittest
from pathlib import Path

from harness import jobs, machine, report, shapes, targets
from harness.jobs import Settings


class Shapes(unittest.TestCase):
    def test_matrices_and_what_is_left_out_make_up_the_published_number_of_parameters(self):
        vicuna = shapes.config("instructblip-vicuna-7b")
        norms = (2 * 32 + 1) * 4096
        self.assertEqual(shapes.language_parameters(vicuna) + norms, 6_738_939_904)
        t5 = shapes.config("instructblip-flan-t5-xl")
        norms_and_position_tables = (2 * 24 + 3 * 24 + 2) * 2048 + 2 * 32 * 32
        self.assertEqual(shapes.language_parameters(t5) + norms_and_position_tables, 2_849_757_184)

    def test_the_work_of_one_picture_and_one_prompt_is_about_half_and_nearly_one_tera_operation(self):
        vicuna = shapes.config("instructblip-vicuna-7b")
        self.assertAlmostEqual(shapes.vision_operations(vicuna) / 1e12, 0.51, places=2)
        self.assertAlmostEqual(shapes.prefill_operations(vicuna, 64) / 1e12, 0.83, places=2)

    def test_a_quick_shape_keeps_its_width(self):
        quick = shapes.config("instructblip-flan-t5-xl", layers=2)["text_config"]
        self.assertEqual((quick["num_layers"], quick["num_decoder_layers"], quick["d_model"]), (2, 2, 2048))


class Jobs(unittest.TestCase):
    settings = Settings(program="/bin/instructblip", folder=Path("/nowhere"))

    def test_the_last_line_counts(self):
        self.assertEqual(jobs.parse('vision 1 s\n{"vision_s": 1.5}\n\n'), {"vision_s": 1.5})

    def test_what_is_no_json_object_is_refused_with_its_words(self):
        for output, words in (("", "nothing"), ("done", "not JSON"), ("[1]", "not a JSON object")):
            with self.assertRaisesRegex(ValueError, words):
                jobs.parse(output)

    def test_names_are_unique_and_every_row_reads_jobs_that_exist(self):
        names = [job.name for job in jobs.ALL]
        self.assertEqual(len(names), len(set(names)))
        for row in targets.rows(None, 64):
            self.assertLessEqual(set(row.needs), set(names), row.what)

    def test_a_7b_model_needs_more_than_its_weights(self):
        needs = {job.name: job.needed_bytes(self.settings) for job in jobs.ALL}
        self.assertGreater(needs["hf-7b-bfloat16"], 15_827_453_440)
        self.assertGreater(needs["hf-7b-float32"], 31_654_906_880)

    def test_our_commands_say_the_type(self):
        commands = {job.name: " ".join(job.command(self.settings)) for job in jobs.ALL if job.side == "ours"}
        self.assertIn("bench --config instructblip-vicuna-7b --quantize q4 --vision q8 ", commands["ours-7b-q4"])
        self.assertIn("--model /nowhere/checkpoints/instructblip-vicuna-7b-q4 ", commands["ours-7b-q4-folder"])
        self.assertNotIn("--quantize", commands["ours-7b-bfloat16"])


class Targets(unittest.TestCase):
    rounds = [
        {"ours-7b-q4": {"decode_tokens_per_s": 8.0, "decode_gb_per_s": 30, "memory_limit_gb_per_s": 40, "decode_memory_share": 0.75, "peak_bytes": 5e9, "others_share": 0},
         "llama-7b-q4_0": {"decode_tokens_per_s": 4.0, "peak_bytes": 4e9, "others_share": 0}},
        {"ours-7b-q4": {"decode_tokens_per_s": 6.0, "decode_gb_per_s": 36, "memory_limit_gb_per_s": 40, "decode_memory_share": 0.9, "peak_bytes": 7e9, "others_share": 0.5},
         "llama-7b-q4_0": {"decode_tokens_per_s": 2.0, "peak_bytes": 4e9, "others_share": 0}},
        {"ours-7b-q4": {"decode_tokens_per_s": 9.0, "peak_bytes": 5.5e9, "others_share": 0}},
    ]

    def row(self, start: str) -> targets.Row:
        return next(row for row in targets.rows(None, 64) if row.what.startswith(start))

    def test_a_ratio_is_taken_within_a_round_and_only_where_both_ran(self):
        self.assertEqual(self.row("Vicuna-7B q4, decode: against llama.cpp").values(self.rounds), [2.0, 3.0])

    def test_the_median_meets_or_misses(self):
        peak = self.row("Peak memory, 7B q4")
        self.assertTrue(peak.is_met(peak.values(self.rounds)))
        share = self.row("Vicuna-7B q4, decode: share")
        self.assertTrue(share.is_met([0.75, 0.81, 0.9]))
        self.assertFalse(share.is_met([0.75, 0.79, 0.9]))
        self.assertIsNone(share.is_met([]))

    def test_the_page_tells_what_is_missing_disturbed_and_skipped(self):
        settings = {"threads": 2, "prompt_tokens": 32, "new_tokens": 32, "repeats": 1, "layers": None}
        page = report.page({"date": "today", "machine": {}, "versions": {}, "settings": settings, "rounds": self.rounds,
                            "skipped": ["hf-7b-float32: too large"], "commands": {}})
        self.assertIn("2.50 (2.00-3.00) x | 3.00 (2.67-3.33) x | yes |", page)
        self.assertIn("not measured: no hf-7b-bfloat16", page)
        self.assertIn("during 1 of 5 runs: ours-7b-q4", page)
        self.assertIn("* hf-7b-float32: too large", page)


class Machine(unittest.TestCase):
    def run_python(self, code: str, limit_s: float = 20) -> machine.Finished:
        return machine.run([sys.executable, "-c", code], {"GREETING": "hello"}, limit_s)

    def test_output_status_and_memory_are_seen_from_outside(self):
        done = self.run_python("import os, sys; x = b'1' * 200_000_000; print(os.environ['GREETING']); sys.exit(3)")
        self.assertEqual((done.status, done.output, done.timed_out), (3, "hello\n", False))
        self.assertGreater(done.peak_bytes, 200_000_000)

    def test_what_takes_too_long_is_ended(self):
        done = self.run_python("import time; time.sleep(60)", limit_s=0.3)
        self.assertTrue(done.timed_out)
        self.assertLess(done.wall_s, 10)

    def test_folders_are_read_whole(self):
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "weights").write_bytes(b"1" * 100)
            machine.warm([Path(folder), Path(folder) / "weights"])

    def test_the_machine_is_described(self):
        self.assertIn("processor", machine.description())
        self.assertGreaterEqual(machine.total_memory(), machine.available_memory())


if __name__ == "__main__":
    unittest.main()
