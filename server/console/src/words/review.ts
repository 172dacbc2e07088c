export const review = {
  zh: {},
  en: {},
};
