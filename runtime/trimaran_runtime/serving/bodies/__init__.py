"""Request bodies: one decoder a content type, each in a file of its own, listed in `registry`.

A decoder finds the values of the rows; whether the model takes them is decided in one place for
all of them, `trimaran_runtime.serving.rows.RowReader`.
"""
