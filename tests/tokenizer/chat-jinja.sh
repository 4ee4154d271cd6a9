#!/bin/sh
# What chat.t wants is what Jinja makes of the same templates.
. "$AI_SOURCE/tests/tap.sh"

/usr/bin/python3 -c 'import jinja2' 2>/dev/null || skip_all "no jinja2 for /usr/bin/python3"
"$AI_BUILD/tests/tokenizer/chat.t" "$PWD" || exit 99
cat >render.py <<'END'
import json, sys
from jinja2.sandbox import ImmutableSandboxedEnvironment
def fail(text):
    raise RuntimeError(text)
env = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
env.globals['raise_exception'] = fail
template = env.from_string(open(sys.argv[1], newline='').read())
sys.stdout.write(template.render(messages=json.load(open(sys.argv[2])), add_generation_prompt=True,
                                 bos_token='<s>', eos_token='</s>'))
END
for template in *.jinja; do
    for talk in 0 1 2; do
        want=${template%.jinja}.$talk.want
        [ -e "$want" ] || continue
        /usr/bin/python3 render.py "$template" $talk.json >got 2>err || cat err
        same_bytes got "$want" "template ${template%.jinja}, conversation $talk"
    done
done
done_testing
