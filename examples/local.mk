# What a reader runs, and what the programs need when installed: pkgdatadir gets the
# demonstration model, templates/ and examples/.
modeldir = $(pkgdatadir)
dist_model_DATA = examples/model/demo.gguf
EXTRA_DIST += \
	examples/model/README.md \
	examples/model/baseline.py \
	examples/model/data.py \
	examples/model/evaluate.py \
	examples/model/gguf_writer.py \
	examples/model/lens.py \
	examples/model/model.py \
	examples/model/parallel.py \
	examples/model/train.py
