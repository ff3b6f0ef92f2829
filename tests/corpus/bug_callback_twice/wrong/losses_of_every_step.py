# expect: fail codes=every_batch
import lightning as L


QUIET = dict(accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False,
             enable_model_summary=False)


def fit_with_history(module, loader, epochs):
    losses = []

    class Steps(L.Callback):
        def on_train_batch_end(self, trainer, module, outputs, batch, batch_idx):
            losses.append(float(outputs["loss"]))

    L.Trainer(max_epochs=epochs, callbacks=[Steps()], **QUIET).fit(module, loader)
    return losses
