import { Button, Dialog, DialogActions, DialogBody, DialogContent, DialogSurface, DialogTitle } from "@fluentui/react-components";
import type { Attachment } from "../host/host";
import { text } from "../strings";

type Props = { attachment: Attachment; close: () => void; open: () => void; save: () => void };

/** What may run is opened by whoever has read this once; the safe answer is the first. */
export function RiskDialog({ attachment, close, open, save }: Props) {
  const { risk } = text.reading;
  const choose = (what: () => void) => () => {
    close();
    what();
  };
  return (
    <Dialog open onOpenChange={(_, data) => !data.open && close()} modalType="alert">
      <DialogSurface>
        <DialogBody>
          <DialogTitle>
            <bdi>{risk.title(attachment.name)}</bdi>
          </DialogTitle>
          <DialogContent>
            <p>{attachment.risk === "program" ? risk.program : risk.code}</p>
            <p>{risk.advice}</p>
          </DialogContent>
          <DialogActions fluid>
            <Button appearance="primary" onClick={close}>
              {text.cancel}
            </Button>
            <Button onClick={choose(save)}>{risk.save}</Button>
            <Button onClick={choose(open)}>{risk.open}</Button>
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  );
}
