"""MLflow: the model in its own format, which its server loads."""

import sys

import joblib
import mlflow.sklearn

if __name__ == "__main__":
    model, folder = sys.argv[1:]
    # Its default format refuses the trees of this model.
    mlflow.sklearn.save_model(joblib.load(model), folder, serialization_format="cloudpickle")
