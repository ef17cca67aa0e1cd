"""Callbacks: what listens to a fit while it goes on, and may ask it to stop."""

from gradloop.callbacks.checkpoint import Checkpoint
from gradloop.callbacks.early_stopping import EarlyStopping
from gradloop.callbacks.live import Live
from gradloop.callbacks.mlflow import MLflow
from gradloop.callbacks.protocol import Callback, Outline
from gradloop.callbacks.tensorboard import TensorBoard

__all__ = ["Callback", "Checkpoint", "EarlyStopping", "Live", "MLflow", "Outline", "TensorBoard"]
