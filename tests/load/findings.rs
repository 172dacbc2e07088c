//! Findings like those that the peers were measured with: the same words, the same size.
//!
//! One is about 905 bytes as the peers' JSON. Here its category is an item of the catalogue, and
//! everything else is what a phone writes: place, note, severity, one or two photos.

use std::collections::BTreeMap;

use uuid::Uuid;
use xuncha_core::model::catalogue::seed_catalogue;
use xuncha_core::model::{BlobRef, FindingDraft, Hash, Photo, Place, Severity};
use xuncha_tests::harness::SeededRandom;

const CITIES: [&str; 8] = [
    "上海市浦东新区",
    "北京市朝阳区",
    "广州市天河区",
    "成都市武侯区",
    "武汉市洪山区",
    "西安市雁塔区",
    "杭州市余杭区",
    "南京市鼓楼区",
];
const ROADS: [&str; 10] =
    ["世纪大道", "人民路", "解放街", "科技园路", "滨江东路", "中山北路", "建设大街", "文昌巷", "和平里", "青年路"];
const HOW: [&str; 10] = [
    "现场检查发现",
    "经测量",
    "据值班人员反映",
    "与上次巡检相比",
    "目测",
    "使用裂缝宽度仪复核",
    "打开检修口后",
    "雨后复查",
    "夜间巡查时",
    "在监理见证下",
];
const WHERE: [&str; 12] = [
    "东侧承重墙",
    "三层楼梯间",
    "地下车库顶板",
    "屋面女儿墙",
    "配电室入口",
    "北侧外立面",
    "二号塔吊基础",
    "消防水泵房",
    "电梯井道",
    "幕墙龙骨",
    "管廊支架",
    "施工便道",
];
const WHAT: [(&str, &str); 10] = [
    ("存在长约", "厘米的纵向裂缝"),
    ("有明显渗水痕迹，面积约", "平方分米"),
    ("表面混凝土剥落，露筋", "处"),
    ("连接螺栓松动", "个"),
    ("堆放杂物占用通道约", "米"),
    ("绝缘层破损", "处"),
    ("护栏缺失约", "米"),
    ("积水深度约", "毫米"),
    ("沉降观测值较上期增加", "毫米"),
    ("标识牌脱落", "块"),
];
const THEN: [&str; 10] = [
    "已拍照留存并通知责任单位",
    "建议七日内完成整改",
    "需立即停止该区域作业",
    "已设置临时围挡",
    "待结构工程师复核",
    "整改完成后申请复验",
    "已记入隐患台账",
    "请物业安排专人值守",
    "责任人签字确认",
    "下周例会通报",
];
const SEVERITIES: [Severity; 4] = [Severity::Low, Severity::Medium, Severity::High, Severity::Urgent];

/// Length of the photos that findings name; nobody sends them here.
const PHOTO_BYTES: u64 = 2_180_000;

/// A stream of findings that a seed repeats.
pub(crate) struct Findings {
    random: SeededRandom,
    items: Vec<String>,
}

impl Findings {
    pub(crate) fn seeded(seed: u64) -> Findings {
        let catalogue = seed_catalogue();
        let items = catalogue.actions.iter().flat_map(|action| &action.items).take(10).map(|item| item.id.clone());
        Findings { random: SeededRandom::from_seed(seed), items: items.collect() }
    }

    /// The next one, somewhere in the country, without photos.
    pub(crate) fn plain(&self) -> FindingDraft {
        let (lat, lon) = (self.between(22.0, 41.0), self.between(103.0, 122.0));
        self.plain_at(lat, lon)
    }

    /// The next one at a point, without photos.
    pub(crate) fn plain_at(&self, lat: f64, lon: f64) -> FindingDraft {
        let words = format!(
            "{}{}{}号{}栋",
            self.pick(&CITIES),
            self.pick(&ROADS),
            1 + self.random.below(2_000),
            1 + self.random.below(40)
        );
        let place = Place { lat: Some(lat), lon: Some(lon), words: Some(words), ..Place::default() };
        FindingDraft {
            item: Some(self.random.pick(&self.items).clone()),
            place: Some(place),
            note: Some((0..5 + self.random.below(2)).map(|_| self.sentence()).collect()),
            severity: Some(*self.random.pick(&SEVERITIES)),
            ..FindingDraft::default()
        }
    }

    /// Adds one or two photos, and the blobs that an op with them names.
    pub(crate) fn with_photos(&self, draft: FindingDraft) -> (FindingDraft, Vec<BlobRef>) {
        let count = 1 + usize::from(self.random.below(3) == 2);
        let hashes: Vec<Hash> = (0..count).map(|_| Hash::of(&self.random.number().to_le_bytes())).collect();
        let photo = |original: &Hash| Photo {
            original: *original,
            taken: None,
            source: Some("camera".into()),
            place: None,
            shows: None,
        };
        let id = || Uuid::from_u64_pair(0x01a1_ee56_7000_7000 | self.random.number() >> 52, self.random.number());
        let photos: BTreeMap<_, _> = hashes.iter().map(|hash| (id().to_string(), Some(photo(hash)))).collect();
        let blob =
            |hash: Hash| BlobRef { hash, len: PHOTO_BYTES, media_type: "image/jpeg".into(), role: "original".into() };
        (FindingDraft { photos, ..draft }, hashes.into_iter().map(blob).collect())
    }

    fn sentence(&self) -> String {
        let (before, after) = self.random.pick(&WHAT);
        let count = 1 + self.random.below(499);
        format!("{}，{}{before}{count}{after}，{}。", self.pick(&HOW), self.pick(&WHERE), self.pick(&THEN))
    }

    fn pick(&self, words: &[&'static str]) -> &'static str {
        self.random.pick::<&'static str>(words)
    }

    /// With six decimals, as phones give it.
    fn between(&self, low: f64, high: f64) -> f64 {
        ((low + (high - low) * self.random.below(1_000_001) as f64 / 1e6) * 1e6).round() / 1e6
    }
}
