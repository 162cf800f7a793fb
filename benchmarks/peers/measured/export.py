"""Convert a model of sentence-transformers to OpenVINO once, as its documentation advises."""

import sys


def main() -> None:
    """Convert the model in the first folder and write it to the second."""
    from sentence_transformers import SentenceTransformer

    source, destination = sys.argv[1:]
    settings = {"export": True}
    model = SentenceTransformer(source, device="cpu", backend="openvino", model_kwargs=settings)
    model.save_pretrained(destination)
    print("{}")


if __name__ == "__main__":
    main()
