# Two commands for a fresh machine: `make demo` trains on real data, `make test` runs every test.
FGN := .build/release/fgn
DATA := Examples/letter-recognition.csv

.PHONY: demo test build lint format clean

build:
	@scripts/setup
	swift build -c release --product fgn

demo: build
	@mkdir -p demo
	@head -n 16001 $(DATA) > demo/train.csv
	@(head -n 1 $(DATA); tail -n 4000 $(DATA)) > demo/test.csv
	$(FGN) train demo/train.csv --standardize --l2 1e-4 --epochs 10 --validation demo/test.csv \
	  --output demo/letter.safetensors --log demo/letter.jsonl --curve demo/learning-curve.svg
	$(FGN) inspect demo/letter.safetensors demo/test.csv --damping 1e-2 --l2 1e-4
	@echo "The model is demo/letter.safetensors, its learning curve demo/learning-curve.svg."

test:
	@scripts/setup
	swift test

lint:
	swift format lint --strict --recursive Package.swift Sources Tests benchmarks/Sources

format:
	swift format --in-place --recursive Package.swift Sources Tests benchmarks/Sources

clean:
	rm -rf .build benchmarks/.build demo
