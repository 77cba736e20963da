"""corpusmill: raw text in; clean documents, a tokenizer, packed shards and adapters out."""

__version__ = "0.1.0"
