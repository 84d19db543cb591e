import { Badge, Button } from "@fluentui/react-components";
import { LaptopRegular } from "@fluentui/react-icons";
import { useState } from "react";
import { dateTime } from "../app/dates";
import { Problem } from "../app/Problem";
import { Words } from "../dialogs/Words";
import type { Device, Me } from "../host/host";
import { useDevices } from "../host/queries";
import { Panel } from "../sections/Section";
import { text } from "../strings";
import styles from "./delegates.module.css";
import { RemoveDeviceDialog } from "./RemoveDeviceDialog";

/** The devices that work in the own mailbox; one that was lost is removed here. */
export function Devices({ me, own }: { me: Me; own: string }) {
  const { data, error } = useDevices();
  const [asked, setAsked] = useState<Device | null>(null);
  const devices = data?.filter(({ mailbox }) => mailbox === own) ?? [];
  return (
    <>
      {error !== null && <Problem title={text.delegates.devices.failed} error={error} />}
      {devices.length > 1 && (
        <Panel title={text.delegates.devices.title} testId="devices">
          <p className={styles.quiet}>{text.delegates.devices.intro}</p>
          <ul className={styles.people}>
            {devices.map((device) => (
              <li key={device.id} className={styles.person} data-device={device.id}>
                <LaptopRegular className={styles.device} />
                <div className={styles.words}>
                  <div className={styles.line}>
                    <strong className={styles.name}>
                      <bdi>{device.name}</bdi>
                    </strong>
                    {device.this && <Badge appearance="tint">{text.delegates.devices.this}</Badge>}
                    {device.removed && (
                      <Badge appearance="tint" color="warning">
                        {text.delegates.devices.removed}
                      </Badge>
                    )}
                  </div>
                  <span className={styles.quiet}>
                    {text.delegates.devices.name(device.id)} ·{" "}
                    {device.heard === null ? text.delegates.devices.unheard : text.delegates.devices.heard(dateTime(device.heard))}
                  </span>
                  {device.words !== null && device.person === me.person && <Words label={text.delegates.devices.unmatched} words={device.words} />}
                  {!device.this && !device.removed && (
                    <div className={styles.buttons}>
                      <Button size="small" onClick={() => setAsked(device)}>
                        {text.delegates.devices.remove}
                      </Button>
                    </div>
                  )}
                </div>
              </li>
            ))}
          </ul>
        </Panel>
      )}
      {asked !== null && <RemoveDeviceDialog device={asked} mine={asked.person === me.person} close={() => setAsked(null)} />}
    </>
  );
}
