// A small inspector app in Compose.
plugins {
    id("com.android.application")
    kotlin("plugin.compose")
}

android {
    namespace = "xuncha.sample"
    compileSdk = 36
    defaultConfig {
        applicationId = "xuncha.sample"
        minSdk = 28
        targetSdk = 36
        versionCode = 1
        versionName = "0.1.0"
    }
    buildTypes {
        release { isMinifyEnabled = true }
    }
}

dependencies {
    implementation(project(":android"))
    implementation(platform("androidx.compose:compose-bom:2025.01.00"))
    implementation("androidx.compose.material3:material3")
    implementation("androidx.activity:activity-compose:1.10.0")
    implementation("androidx.lifecycle:lifecycle-viewmodel-compose:2.8.7")
}
