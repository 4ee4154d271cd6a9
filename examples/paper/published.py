"""Published data sets into rows that the templates read: published.py DATA OUT TASK

DATA holds the files as their authors publish them, in any subfolders; OUT/TASK gets
train, dev and test.  Only the standard library is needed."""

import csv
import json
import pathlib
import sys


def find(data, *names):
    """The files of those names, wherever they are below data."""
    for name in names:
        paths = sorted(data.rglob(name))
        if paths:
            return paths
    sys.exit(f"published.py: {data}: none of {', '.join(names)} (README.md says where to get it)")


def write(out, part, rows):
    """Strings into TSV, objects into JSONL; whole or not at all."""
    rows = list(rows)
    suffix = "tsv" if rows and isinstance(rows[0], tuple) else "jsonl"
    path = out / f"{part}.{suffix}"
    temporary = path.with_suffix(".tmp")
    with open(temporary, "w", encoding="utf-8") as f:
        for row in rows:
            if isinstance(row, tuple):
                print(*(" ".join(str(cell).split()) for cell in row), sep="\t", file=f)
            else:
                print(json.dumps(row, ensure_ascii=False), file=f)
    temporary.rename(path)


def sst2(data, out):
    """GLUE's SST-2/train.tsv and dev.tsv: a header, then sentence and label."""
    for part, name in (("train", "train.tsv"), ("test", "dev.tsv")):
        path = find(data, f"SST-2/{name}")[0]
        lines = path.read_text(encoding="utf-8").splitlines()[1:]
        write(out, part, ((line.split("\t")[1], line.split("\t")[0]) for line in lines))


def agnews(data, out):
    """ag_news_csv: class 1 to 4, title, description."""
    for part in ("train", "test"):
        path = find(data, f"ag_news_csv/{part}.csv", f"ag*/{part}.csv")[0]
        with open(path, encoding="utf-8", newline="") as f:
            write(out, part, ((int(r[0]) - 1, r[1], r[2]) for r in csv.reader(f) if r[0].isdigit()))


def mmlu(data, out):
    """hendrycks' data: SUBJECT_dev.csv and SUBJECT_test.csv: question, four choices, letter."""
    for part in ("dev", "test"):
        rows = []
        for path in find(data, f"*_{part}.csv"):
            with open(path, encoding="utf-8", newline="") as f:
                for r in csv.reader(f):
                    rows.append({"subject": path.name[: -len(f"_{part}.csv")], "question": r[0],
                                 "choices": r[1:5], "answer": "ABCD".index(r[5].strip())})
        write(out, part, rows)


def commonsenseqa(data, out):
    """train_rand_split.jsonl and dev_rand_split.jsonl; those of test have no answers."""
    for part, name in (("train", "train"), ("test", "dev")):
        rows = []
        for line in open(find(data, f"{name}_rand_split.jsonl")[0], encoding="utf-8"):
            r = json.loads(line)
            choices = r["question"]["choices"]
            rows.append({"id": r["id"], "question": r["question"]["stem"], "choices": [c["text"] for c in choices],
                         "answer": [c["label"] for c in choices].index(r["answerKey"])})
        write(out, part, rows)


def squad(data, out):
    """train-v1.1.json and dev-v1.1.json, or those of version 2."""
    for part, name in (("train", "train"), ("test", "dev")):
        path = find(data, f"{name}-v1.1.json", f"{name}-v2.0.json")[0]
        rows = []
        for article in json.loads(path.read_text(encoding="utf-8"))["data"]:
            for paragraph in article["paragraphs"]:
                for q in paragraph["qas"]:
                    if q.get("is_impossible"):
                        continue
                    answers = list(dict.fromkeys(a["text"] for a in q["answers"]))
                    rows.append({"id": q["id"], "context": paragraph["context"], "question": q["question"].strip(),
                                 "answers": answers})
        write(out, part, rows)


def main():
    if len(sys.argv) != 4 or sys.argv[3] not in TASKS:
        sys.exit(f"usage: published.py DATA OUT {'|'.join(TASKS)}")
    out = pathlib.Path(sys.argv[2]) / sys.argv[3]
    made = out.with_name(out.name + ".tmp")
    made.mkdir(parents=True, exist_ok=True)
    TASKS[sys.argv[3]](pathlib.Path(sys.argv[1]), made)
    made.rename(out)


TASKS = {"sst2": sst2, "agnews": agnews, "mmlu": mmlu, "commonsenseqa": commonsenseqa, "squad": squad}

if __name__ == "__main__":
    main()
