# expect: pass
import lightning as L


QUIET = dict(accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False,
             enable_model_summary=False)
from lightning.pytorch.callbacks import LambdaCallback


def fit_with_history(module, loader, epochs):
    seen = []
    watch = LambdaCallback(on_train_epoch_end=lambda trainer, module: seen.append(trainer.callback_metrics["train_loss"].item()))
    L.Trainer(max_epochs=epochs, callbacks=watch, **QUIET).fit(module, loader)
    return seen
