export const findings = {
  zh: {},
  en: {},
};
