export const unit = {
  zh: {},
  en: {},
};
