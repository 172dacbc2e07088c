//! Where somebody stands, as the command line says it, and what a photo taken there says of itself.

use clap::Args;
use xuncha_core::model::{EntityId, Place};
use xuncha_core::notebook::{PhotoSource, Shot};

/// Where it is, and how that is known.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct Standpoint {
    /// Where it is, in degrees (WGS-84).
    #[arg(long, value_name = "LAT,LON", value_parser = super::super::parse_point, allow_hyphen_values = true)]
    pub(super) at: Option<(f64, f64)>,
    /// How exact that is, in metres.
    #[arg(long, requires = "at", value_name = "METRES", value_parser = parse_metres, allow_hyphen_values = true)]
    accuracy: Option<f64>,
    /// Where it comes from [default: pin].
    #[arg(long, requires = "at", value_parser = ["gps", "network", "pin"])]
    provider: Option<String>,
}

impl Standpoint {
    /// The place, with its words and the known place that it is at; none when nothing is known.
    pub(super) fn place(&self, words: Option<String>, known: Option<EntityId>) -> Option<Place> {
        let otherwise = if self.at.is_some() { "pin" } else { "typed" };
        let provider = self.provider.clone().unwrap_or_else(|| otherwise.to_owned());
        (self.at.is_some() || words.is_some() || known.is_some()).then(|| Place {
            lat: self.at.map(|at| at.0),
            lon: self.at.map(|at| at.1),
            accuracy: self.accuracy,
            provider: (self.at.is_some() || words.is_some()).then_some(provider),
            words,
            id: known,
        })
    }

    /// What is so at the shutter. A picture from the gallery was taken somewhere else, for all we know.
    pub(super) fn shot(&self, camera: bool) -> Shot {
        let source = if camera { PhotoSource::Camera } else { PhotoSource::Gallery };
        let place = self.place(None, None).filter(|_| camera);
        Shot { source, place, ..Shot::default() }
    }
}

fn parse_metres(text: &str) -> Result<f64, String> {
    let metres = text.parse::<f64>().ok().filter(|metres| (0.0..=1e7).contains(metres));
    metres.ok_or_else(|| "wanted metres, from 0 to 10000000".to_owned())
}
