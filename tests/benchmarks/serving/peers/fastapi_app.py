"""FastAPI with a pydantic body: what people write by hand."""

import os

import joblib
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()
model = joblib.load(os.environ["MODEL"])


class Request(BaseModel):
    instances: list[list[float]]


class Answer(BaseModel):
    predictions: list[int]


@app.post("/predict")
def predict(request: Request) -> Answer:
    return Answer(predictions=model.predict(request.instances).tolist())
