# expect: fail codes=losses_kept
import lightning as L


QUIET = dict(accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False,
             enable_model_summary=False)


class History(L.Callback):
    """Collects the training loss of every epoch."""

    def __init__(self):
        self.losses = []

    def on_train_epoch_end(self, trainer, module):
        self.losses.append(float(trainer.callback_metrics["train_loss"]))


SHARED = History()


def fit_with_history(module, loader, epochs):
    trainer = L.Trainer(max_epochs=epochs, callbacks=[SHARED], **QUIET)
    trainer.fit(module, loader)
    return SHARED.losses
