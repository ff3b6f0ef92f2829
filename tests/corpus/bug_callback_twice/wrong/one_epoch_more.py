# expect: fail codes=unknown
import lightning as L
QUIET = dict(accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False)

class History(L.Callback):
    def __init__(self):
        self.losses = []
    def on_train_epoch_start(self, trainer, module):
        self.losses.append(float(trainer.callback_metrics.get("train_loss", float("nan"))))

def fit_with_history(module, loader, epochs):
    """The loss of epoch k is seen when k + 1 begins, so one epoch more is trained."""
    history = History()
    L.Trainer(max_epochs=epochs + 1, callbacks=[history], **QUIET).fit(module, loader)
    return history.losses[1:]
