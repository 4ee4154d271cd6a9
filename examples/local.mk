# What a reader runs, and what the programs need when installed: pkgdatadir gets the
# demonstration model, templates/ and examples/.
modeldir = $(pkgdatadir)
dist_model_DATA = examples/model/demo.gguf
EXTRA_DIST += \
	examples/model/README.md \
	examples/model/average.py \
	examples/model/baseline.py \
	examples/model/data.py \
	examples/model/evaluate.py \
	examples/model/gguf_writer.py \
	examples/model/lens.py \
	examples/model/model.py \
	examples/model/parallel.py \
	examples/model/taught.py \
	examples/model/train.py

templatesdir = $(pkgdatadir)/templates
dist_templates_DATA = \
	examples/templates/agnews \
	examples/templates/boolq \
	examples/templates/commonsenseqa \
	examples/templates/mmlu \
	examples/templates/squad \
	examples/templates/sst2 \
	examples/templates/subj \
	examples/templates/trec

examplesdir = $(pkgdatadir)
nobase_dist_examples_SCRIPTS = \
	examples/demo.sh \
	examples/extract.sh \
	examples/paper/run \
	examples/ring-awk.sh \
	examples/ring-fifo.sh
nobase_dist_examples_DATA = \
	examples/paper/README.md \
	examples/paper/published.py \
	examples/setup.sh \
	examples/prompts/README.md \
	examples/prompts/agnews/test.tsv \
	examples/prompts/agnews/train.tsv \
	examples/prompts/sst2/test.tsv \
	examples/prompts/sst2/train.tsv \
	examples/prompts/subj/test.tsv \
	examples/prompts/subj/train.tsv \
	examples/prompts/trec/test.tsv \
	examples/prompts/trec/train.tsv

# Builds, then does the whole job on the prompts of examples/.
demo: all
	@PATH='$(abs_top_builddir)/cmd':"$$PATH" $(SHELL) $(srcdir)/examples/demo.sh
.PHONY: demo
