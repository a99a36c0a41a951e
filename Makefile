# Two commands are all a newcomer types: make demo, make test. Both prepare the machine themselves.
.PHONY: demo test bootstrap build release server format lint imports sizes example kernels tensorboard scenes scenes-scores scenes-card check-server fuzz clean

# Ask the small model that comes with the package about a scene that is drawn for it. Downloads libtorch and nothing else.
demo: bootstrap
	@swift build -c release --product instructblip
	@Scripts/demo

test: bootstrap
	swift build --build-tests
	swift test --skip-build --disable-xctest

bootstrap:
	@Scripts/bootstrap

build: bootstrap
	swift build

# The optimised program, at .build/release/instructblip.
release: bootstrap
	swift build -c release --product instructblip

# The server, at .build/release/instructblip-serve; instructblip serve finds it beside itself.
server: release
	swift build -c release --product instructblip-serve

format:
	swift format --in-place --recursive Sources Tests Examples Package.swift

lint:
	swift format lint --strict --recursive Sources Tests Examples Package.swift

# Every import is a declared dependency, so that the picture in ARCHITECTURE.md stays true.
imports: bootstrap
	swift build --build-tests --explicit-target-dependency-import-check error

sizes:
	@Scripts/check-sizes

# A program that depends on this package by a version tag.
example: bootstrap
	@Scripts/build-example

# The products of every instruction set, those of arm64 under emulation where it is installed.
kernels:
	@Scripts/check-kernels

# TensorBoard reads what a run writes for it, value by value.
tensorboard: bootstrap
	@Scripts/check-tensorboard

# The built-in model, from nothing: runs what is not there yet of Scripts/scenes. Takes hours on two cores.
scenes: release
	@Scripts/scenes

# Record anew what the built-in model scores; the tests hold it to that.
scenes-scores: release
	@Scripts/scenes-scores

# Write the built-in model's card.
scenes-card:
	@Scripts/scenes-card

# The server as its clients and its enemies see it, and its page in Chromium (Scripts/serve/README.md).
check-server: bootstrap
	swift build --product instructblip-serve
	@Scripts/serve/check-clients
	@Scripts/serve/check-openapi
	@Scripts/serve/faults
	@Scripts/serve/check-page --out .build/page

# Broken files for everything that reads files, a minute each; Scripts/fuzz 600 takes longer.
fuzz:
	@Scripts/fuzz

clean:
	swift package clean
