"""Pictures to normalised planes with torchvision and Pillow, as users write it; also makes the pictures. Run by Benchmarks/loading.

    loading_peer.py make FOLDER WIDTH HEIGHT COUNT
    loading_peer.py run FOLDER --way loader|pool|one --resize torchvision|pillow [--augment] [--rounds N] [--planes FILE]

`run` goes over the pictures once without counting and then N times, and writes one JSON object.
"""

import argparse
import json
import multiprocessing
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "Scripts" / "fixtures"))

import numpy as np
import torch
from PIL import Image

from torchvision_import import import_torchvision

KEEP_LIBRARY, torchvision = import_torchvision()

from torchvision.transforms import RandomResizedCrop
from torchvision.transforms.v2 import InterpolationMode, functional

SIZE = [224, 224]
MEAN = [0.48145466, 0.4578275, 0.40821073]
DEVIATION = [0.26862954, 0.26130258, 0.27577711]
# transformers folds the factor 1/255 into them, in float32.
FUSED = [(torch.tensor(values) * 255.0).tolist() for values in (MEAN, DEVIATION)]
WORKERS = 2


def make(folder: Path, width: int, height: int, count: int) -> None:
    """JPEG files of quality 90 that are about as large as photographs: clouds, edges and a little grain. Every third one stands upright."""
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(count):
        random = np.random.default_rng(1000 * width + index)
        size = (width, height) if index % 3 else (height, width)

        def clouds(step: int) -> np.ndarray:
            small = Image.fromarray(random.normal(0, 1, (size[1] // step + 2, size[0] // step + 2)).astype(np.float32))
            return np.asarray(small.resize(size, Image.Resampling.BICUBIC))

        planes = np.stack([clouds(40) for _ in range(3)], axis=-1)
        values = 120 + 55 * planes + 18 * clouds(6)[..., None] + random.normal(0, 7, (size[1], size[0], 1))
        values[clouds(25) > 0.8] += 40
        Image.fromarray(np.clip(values, 0, 255).astype(np.uint8)).save(folder / f"{index:04}.jpg", quality=90)


class Pictures(torch.utils.data.Dataset):
    def __init__(self, folder: Path, resize: str, augment: bool) -> None:
        self.files = sorted(folder.glob("*.jpg"))
        self.resize, self.augment = resize, augment

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> torch.Tensor:
        image = Image.open(self.files[index]).convert("RGB")
        if self.resize == "torchvision":  # as the image processors of transformers 5: bytes, then one fused normalisation
            pixels = functional.pil_to_tensor(image)
            if self.augment:
                box = RandomResizedCrop.get_params(pixels, (0.5, 1.0), (3 / 4, 4 / 3))
                pixels = functional.resized_crop(pixels, *box, SIZE, InterpolationMode.BICUBIC, antialias=True)
            else:
                pixels = functional.resize(pixels, SIZE, InterpolationMode.BICUBIC, antialias=True)
            return functional.normalize(pixels.float(), *FUSED, inplace=True)
        if self.augment:  # as LAVIS: Pillow, then ToTensor and Normalize
            box = RandomResizedCrop.get_params(image, (0.5, 1.0), (3 / 4, 4 / 3))
            image = functional.resized_crop(image, *box, SIZE, InterpolationMode.BICUBIC)
        else:
            image = functional.resize(image, SIZE, InterpolationMode.BICUBIC)
        return functional.normalize(functional.pil_to_tensor(image).float().div_(255), MEAN, DEVIATION, inplace=True)


DATA: Pictures


def one(index: int) -> np.ndarray:
    return DATA[index].numpy()


def run(data: Pictures, way: str, rounds: int) -> list[float]:
    """Seconds for all pictures, round by round."""
    torch.set_num_threads(1)
    seconds = []

    def timed(pictures) -> None:
        for _ in range(rounds + 1):
            start = time.perf_counter()
            count = sum(len(batch) for batch in pictures())
            seconds.append(time.perf_counter() - start)
            assert count == len(data)

    if way == "loader":
        loader = torch.utils.data.DataLoader(data, batch_size=32, num_workers=WORKERS, persistent_workers=True)
        timed(lambda: loader)
    elif way == "pool":
        with multiprocessing.get_context("fork").Pool(WORKERS) as pool:
            timed(lambda: ([planes] for planes in pool.imap(one, range(len(data)), chunksize=8)))
    else:
        timed(lambda: ([one(index)] for index in range(len(data))))
    return seconds[1:]


def main() -> None:
    global DATA
    if sys.argv[1:2] == ["make"]:
        make(Path(sys.argv[2]), *map(int, sys.argv[3:6]))
        return
    parser = argparse.ArgumentParser()
    parser.add_argument("verb", choices=["run"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--way", choices=["loader", "pool", "one"], required=True)
    parser.add_argument("--resize", choices=["torchvision", "pillow"], required=True)
    parser.add_argument("--augment", action="store_true")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--planes", type=Path)
    arguments = parser.parse_args()
    DATA = Pictures(arguments.folder, arguments.resize, arguments.augment)
    if arguments.planes:
        with arguments.planes.open("wb") as file:
            for index in range(len(DATA)):
                file.write(np.ascontiguousarray(one(index), dtype="<f4").tobytes())
    seconds = run(DATA, arguments.way, arguments.rounds)
    versions = {"torch": torch.__version__, "torchvision": torchvision.__version__, "pillow": Image.__version__}
    print(json.dumps({"pictures": len(DATA), "pictures_per_s": len(DATA) / statistics.median(seconds), "versions": versions}))


if __name__ == "__main__":
    main()
