/** The one place toasts come up. */
export const TOASTER = "behalf";
