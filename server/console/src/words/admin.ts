export const admin = {
  zh: {},
  en: {},
};
