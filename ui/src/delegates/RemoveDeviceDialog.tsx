import { useHost } from "../host/context";
import type { Device } from "../host/host";
import { text } from "../strings";
import { EndDialog } from "./EndDialog";

/** Removes a lost device. */
export function RemoveDeviceDialog({ device, mine, close }: { device: Device; mine: boolean; close: () => void }) {
  const host = useHost();
  const say = text.delegates.devices;
  return (
    <EndDialog
      title={mine ? say.removeYours : say.removeTitle(device.name)}
      of={say.name(device.id)}
      means={say.means}
      now={say.removeNow}
      end={() => host.removeDevice(device.id)}
      close={close}
    />
  );
}
