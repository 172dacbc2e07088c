export const notices = {
  zh: {},
  en: {},
};
