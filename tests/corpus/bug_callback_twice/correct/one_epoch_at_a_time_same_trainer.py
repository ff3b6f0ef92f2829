# expect: pass
import lightning as L


QUIET = dict(accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False,
             enable_model_summary=False)


def fit_with_history(module, loader, epochs):
    losses = []
    trainer = L.Trainer(max_epochs=0, **QUIET)
    for epoch in range(epochs):
        trainer.fit_loop.max_epochs = epoch + 1
        trainer.fit(module, loader)
        losses.append(float(trainer.callback_metrics["train_loss"]))
    return losses
