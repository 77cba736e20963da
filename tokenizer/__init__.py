"""Train, encode, chat templates. Stands alone: never imports pipeline."""
