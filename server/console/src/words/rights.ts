// Every right that a role can grant, as core/docs/casework.md lists them.

export const rights = {
  zh: {
    'right.area.manage': '管理区域', 'right.calendar.manage': '管理工作日历', 'right.catalogue.manage': '管理检查目录',
    'right.deduction.add': '扣分', 'right.deduction.return': '返还扣分', 'right.device.manage': '管理设备、手机入网',
    'right.finding.amend': '修改问题', 'right.finding.assign': '单位内分派', 'right.finding.check': '核查整改（结案、返工）',
    'right.finding.dispatch': '派遣', 'right.finding.extend': '延期、挂账、豁免', 'right.finding.give_back': '回退',
    'right.finding.note': '备注', 'right.finding.record': '记录问题', 'right.finding.reply': '反馈整改',
    'right.finding.request_extension': '申请延期', 'right.finding.resolve': '裁定冲突',
    'right.finding.review': '核查立案（立案、不予立案、重复）', 'right.finding.void': '作废自己的记录', 'right.finding.void_any': '作废他人的记录',
    'right.inspection.record': '检查点位', 'right.ledger.manage': '管理账本', 'right.notice.appeal': '申诉',
    'right.notice.draft': '起草督办单', 'right.notice.hear': '审议申诉', 'right.notice.issue': '下发、撤回督办单', 'right.notice.sign': '签收督办单',
    'right.place.manage': '管理点位', 'right.role.manage': '管理角色', 'right.task.manage': '安排任务和计划',
    'right.unit.manage': '管理责任单位', 'right.user.manage': '管理用户',
  },
  en: {
    'right.area.manage': 'look after areas', 'right.calendar.manage': 'look after the calendar', 'right.catalogue.manage': 'look after the catalogue',
    'right.deduction.add': 'deduct points', 'right.deduction.return': 'give points back', 'right.device.manage': 'enrol and revoke devices',
    'right.finding.amend': 'amend findings', 'right.finding.assign': 'assign inside the unit', 'right.finding.check': 'check what was rectified (close, return)',
    'right.finding.dispatch': 'dispatch', 'right.finding.extend': 'extend, suspend, exempt', 'right.finding.give_back': 'give findings back',
    'right.finding.note': 'write notes', 'right.finding.record': 'record findings', 'right.finding.reply': 'reply to findings',
    'right.finding.request_extension': 'ask for an extension', 'right.finding.resolve': 'decide conflicts',
    'right.finding.review': 'review (file, decline, duplicate)', 'right.finding.void': 'void what one recorded', 'right.finding.void_any': 'void what others recorded',
    'right.inspection.record': 'inspect places', 'right.ledger.manage': 'look after the ledger', 'right.notice.appeal': 'appeal',
    'right.notice.draft': 'draft notices', 'right.notice.hear': 'hear appeals', 'right.notice.issue': 'issue and withdraw notices', 'right.notice.sign': 'sign for notices',
    'right.place.manage': 'look after places', 'right.role.manage': 'look after roles', 'right.task.manage': 'plan tasks and schedules',
    'right.unit.manage': 'look after units', 'right.user.manage': 'look after users',
  },
};

/** Their names. */
export const RIGHTS = Object.keys(rights.zh).map((key) => key.slice('right.'.length));
