// Three screens: enrol, what was found, a new finding. Source text: not compiled by the tests, which have no Android SDK.
package xuncha.sample

import android.os.Bundle
import androidx.activity.ComponentActivity
import androidx.activity.compose.rememberLauncherForActivityResult
import androidx.activity.compose.setContent
import androidx.activity.result.contract.ActivityResultContracts
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.lazy.LazyColumn
import androidx.compose.foundation.lazy.items
import androidx.compose.material3.Button
import androidx.compose.material3.FloatingActionButton
import androidx.compose.material3.ListItem
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.OutlinedTextField
import androidx.compose.material3.Scaffold
import androidx.compose.material3.Text
import androidx.compose.material3.TextButton
import androidx.compose.runtime.Composable
import androidx.compose.runtime.collectAsState
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateListOf
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.setValue
import androidx.compose.ui.Modifier
import androidx.compose.ui.platform.LocalContext
import androidx.compose.ui.unit.dp
import androidx.core.content.FileProvider
import androidx.lifecycle.viewmodel.compose.viewModel
import java.io.File
import java.util.UUID

class MainActivity : ComponentActivity() {
    override fun onCreate(state: Bundle?) {
        super.onCreate(state)
        setContent { MaterialTheme { App() } }
    }
}

@Composable
private fun App(inspector: Inspector = viewModel()) {
    val status by inspector.status.collectAsState()
    val fault by inspector.fault.collectAsState()
    var recording by remember { mutableStateOf(false) }
    Scaffold(
        floatingActionButton = {
            if (!recording) FloatingActionButton(onClick = { recording = true }) { Text("+") }
        },
    ) { inside ->
        Column(Modifier.padding(inside).padding(16.dp).fillMaxSize()) {
            fault?.let { Text(it, color = MaterialTheme.colorScheme.error) }
            when {
                status?.isEnrolled != true || status?.mustEnrolAgain != null -> Enrol(inspector)
                recording -> Record(inspector) { recording = false }
                else -> Found(inspector)
            }
        }
    }
}

@Composable
private fun Enrol(inspector: Inspector) {
    var invitation by remember { mutableStateOf("") }
    OutlinedTextField(invitation, { invitation = it }, label = { Text("邀请链接 Invitation") })
    Button(onClick = { inspector.enrol(invitation) }) { Text("登记 Enrol") }
}

@Composable
private fun Found(inspector: Inspector) {
    val status by inspector.status.collectAsState()
    val findings by inspector.findings.collectAsState()
    val refused by inspector.refused.collectAsState()
    val conflicts by inspector.conflicts.collectAsState()
    Row {
        Text("${status?.city}  ${status?.pending} ops, ${status?.filesWaiting} files wait", Modifier.weight(1f))
        TextButton(onClick = { inspector.sync() }) { Text("同步 Sync") }
    }
    LazyColumn {
        items(refused) { one ->
            ListItem(headlineContent = { Text(one.zh) }, supportingContent = { Text(one.detail) }, trailingContent = {
                TextButton(onClick = { inspector.correct(one, "更正") }) { Text("更正 Correct") }
            })
        }
        items(conflicts) { one ->
            ListItem(headlineContent = { Text("${one.field}: ${one.current.value}") }, supportingContent = {
                Row {
                    for (claim in one.rivals) {
                        TextButton(onClick = { inspector.resolve(one, claim) }) { Text("${claim.value}") }
                    }
                }
            })
        }
        items(findings, key = { it.finding.id }) { one ->
            val evidence = one.finding.evidence
            ListItem(
                headlineContent = { Text(one.finding.note ?: one.finding.item ?: "") },
                supportingContent = { Text("${one.finding.status}, ${evidence.originals} / ${evidence.expected}") },
                trailingContent = { if (one.isPending) Text("*") },
            )
        }
    }
}

@Composable
private fun Record(inspector: Inspector, done: () -> Unit) {
    val context = LocalContext.current
    var item by remember { mutableStateOf("SR-1") }
    var note by remember { mutableStateOf("") }
    val shots = remember { mutableStateListOf<File>() }
    var next by remember { mutableStateOf<File?>(null) }
    val camera = rememberLauncherForActivityResult(ActivityResultContracts.TakePicture()) { taken ->
        next?.takeIf { taken }?.let { shots += it }
    }
    OutlinedTextField(item, { item = it }, label = { Text("项目 Item") })
    OutlinedTextField(note, { note = it }, label = { Text("描述 Note") })
    Button(onClick = {
        val file = File(context.cacheDir, "shots").apply { mkdirs() }.resolve("${UUID.randomUUID()}.jpg")
        next = file
        camera.launch(FileProvider.getUriForFile(context, "xuncha.sample.files", file))
    }) { Text("拍照 Photo (${shots.size})") }
    Button(onClick = { inspector.record(item, note, shots.toList(), done) }) { Text("保存 Save") }
}
