# expect: fail codes=losses_kept
import lightning as L
QUIET = dict(accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False)

class History(L.Callback):
    def __init__(self, losses=[]):
        self.losses = losses
    def on_train_epoch_end(self, trainer, module):
        self.losses.append(float(trainer.callback_metrics["train_loss"]))

def fit_with_history(module, loader, epochs):
    history = History()
    L.Trainer(max_epochs=epochs, callbacks=[history], **QUIET).fit(module, loader)
    return history.losses
