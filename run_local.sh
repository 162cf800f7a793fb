#!/usr/bin/env bash
# Set up, and embed samples/ or another input: ./run_local.sh [--locked] [flags of beam-bert embed]
#
# --locked installs the exact versions of deploy/packages, each file checked by its sha256.
#
# Creates .venv, installs this package and the default weights into it, embeds into output/, and
# prints the first results. A second run has nothing left to do. Flags replace all default ones: then
# --input and --output are required.
set -euo pipefail
cd "$(dirname "$0")"
set_up_extras=cpu,report
if [ "${1:-}" = --locked ]; then
  set_up_locked=yes
  shift
fi
source ./set_up.sh

out=output
if [ $# -eq 0 ]; then
  set -- --input samples/sentences.txt samples/articles.jsonl --id_field id \
    --keep_fields language,topic --features pooled_output,sequence_output,sentence --output "$out"
fi
.venv/bin/beam-bert embed "$@"

previous=
for argument in "$@"; do
  case "$argument" in --output=*) out="${argument#--output=}" ;; esac
  [ "$previous" = --output ] && out="$argument"
  previous="$argument"
done
echo
echo "The first three documents:"
.venv/bin/beam-bert head "$out" -n 3
cat <<EOF

What to try next:
  source .venv/bin/activate
  beam-bert status $out
  beam-bert tokenize --input samples/sentences.txt | head -n 3
  beam-bert embed --input 'your/*.jsonl' --id_field id --text_field text --output your-output
  python -c "from beam_bert import load_embeddings; print(load_embeddings('$out').vectors.shape)"
EOF
