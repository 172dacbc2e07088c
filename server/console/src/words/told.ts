// How a history is told.

export const told = {
  zh: {
    'told.photos_one': '{{count}} 张照片', 'told.photos_other': '{{count}} 张照片',
    'told.photos_gone_one': '移去 {{count}} 张照片', 'told.photos_gone_other': '移去 {{count}} 张照片',
    'told.without': '移去 {{what}}', 'told.accuracy': '误差 {{metres}} 米', 'told.inspection': '检查中记录', 'told.none': '无',
    'told.field': '有冲突的内容', 'told.value': '裁定为', 'told.overdue_level': '超期级别',
    'field.notes': '备注', 'field.previews': '照片预览',
  },
  en: {
    'told.photos_one': '{{count}} photo', 'told.photos_other': '{{count}} photos',
    'told.photos_gone_one': '{{count}} photo taken away', 'told.photos_gone_other': '{{count}} photos taken away',
    'told.without': 'without {{what}}', 'told.accuracy': 'within {{metres}} m', 'told.inspection': 'recorded during an inspection', 'told.none': 'nothing',
    'told.field': 'in dispute', 'told.value': 'decided', 'told.overdue_level': 'level of lateness',
    'field.notes': 'notes', 'field.previews': 'previews',
  },
};
