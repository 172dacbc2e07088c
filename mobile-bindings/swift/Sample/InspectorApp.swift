// A small inspector app in SwiftUI: enrol, what was found, a new finding.
import PhotosUI
import SwiftUI
import Xuncha

@main
struct InspectorApp: App {
    @Environment(\.scenePhase) private var phase
    @StateObject private var inspector = Inspector()

    var body: some Scene {
        WindowGroup {
            ContentView(inspector: inspector)
                .task { await inspector.follow() }
        }
        .onChange(of: phase) { now in
            switch now {
            case .active: inspector.resume()
            case .background: inspector.suspend()
            default: break
            }
        }
    }
}

/// The notebook, as the screens like it.
@MainActor
final class Inspector: ObservableObject {
    @Published var status: Status?
    @Published var findings = FindingRows()
    @Published var fault: String?
    private let notebook: Notebook?

    init() {
        do {
            notebook = try Inspector.open()
        } catch {
            notebook = nil
            fault = (error as? FieldError)?.text() ?? "\(error)"
        }
    }

    /// One whose key is gone becomes a new device: what was recorded stays, and the app must enrol again.
    private static func open() throws -> Notebook {
        var folder = try FileManager.default.url(
            for: .applicationSupportDirectory, in: .userDomainMask, appropriateFor: nil, create: true
        ).appendingPathComponent("notebook")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        // In no backup: a restored copy would speak as the phone that it was copied from.
        var values = URLResourceValues()
        values.isExcludedFromBackup = true
        try folder.setResourceValues(values)
        let (keys, conditions) = (KeychainKeyStore(), NetworkConditions())
        do {
            return try Notebook.open(folder: folder.path, keys: keys, conditions: conditions)
        } catch FieldError.Unopened(let fault, _) where fault == .keyMissing || fault == .keyWrong {
            return try Notebook.openAsNewDevice(folder: folder.path, keys: keys, conditions: conditions)
        }
    }

    /// Shows what is there, and what changes, for as long as the window is there.
    func follow() async {
        guard let notebook else { return }
        async let standing: Void = keep(notebook.standing()) { self.status = $0 }
        async let listing: Void = keep(notebook.findings(limit: 100)) { self.findings = $0 }
        _ = await (standing, listing)
    }

    private func keep<T>(_ list: AsyncThrowingStream<T, Error>, show: (T) -> Void) async {
        do {
            for try await now in list {
                show(now)
            }
        } catch {
            tell(error)
        }
    }

    func enrol(_ invitation: String) {
        errand { notebook in
            _ = try await notebook.enrol(invitation: invitation)
            try await notebook.syncAll()
        }
    }

    func record(item: String, note: String, photos: [Data]) {
        errand { notebook in
            let sealed = try photos.map { try notebook.sealPhotoBytes(bytes: $0, shot: nil) }
            _ = try notebook.record(finding: FindingDraft(item: item, note: note), photos: sealed)
            try await notebook.syncAll()
        }
    }

    func sync() {
        errand { try await $0.syncAll() }
    }

    func suspend() {
        errand { try $0.suspend(deadline: 4) }
    }

    func resume() {
        errand { try $0.resume() }
    }

    private func errand(_ work: @escaping @Sendable (Notebook) async throws -> Void) {
        guard let notebook else { return }
        Task.detached {
            do {
                try await work(notebook)
            } catch {
                await self.tell(error)
            }
        }
    }

    private func tell(_ error: Error) {
        fault = (error as? FieldError)?.text() ?? "\(error)"
    }
}

struct ContentView: View {
    @ObservedObject var inspector: Inspector
    @State private var recording = false

    var body: some View {
        NavigationView {
            VStack(alignment: .leading) {
                if let fault = inspector.fault {
                    Text(fault).foregroundColor(.red)
                }
                if inspector.status?.isEnrolled == true && inspector.status?.mustEnrolAgain == nil {
                    FoundView(inspector: inspector)
                } else {
                    EnrolView(inspector: inspector)
                }
            }
            .padding()
            .navigationTitle(inspector.status?.city ?? "巡查")
            .toolbar {
                Button("同步 Sync") { inspector.sync() }
                Button("新增 New") { recording = true }
            }
            .sheet(isPresented: $recording) { RecordView(inspector: inspector) }
        }
    }
}

struct EnrolView: View {
    let inspector: Inspector
    @State private var invitation = ""

    var body: some View {
        TextField("邀请链接 Invitation", text: $invitation)
        Button("登记 Enrol") { inspector.enrol(invitation) }
    }
}

struct FoundView: View {
    @ObservedObject var inspector: Inspector

    var body: some View {
        List(inspector.findings, id: \.finding.id) { one in
            HStack {
                Text(one.finding.note ?? one.finding.item ?? "")
                Spacer()
                Text("\(one.finding.evidence.originals) / \(one.finding.evidence.expected)")
                if one.isPending {
                    Text("*")
                }
            }
        }
    }
}

struct RecordView: View {
    let inspector: Inspector
    @Environment(\.dismiss) private var dismiss
    @State private var item = "SR-1"
    @State private var note = ""
    @State private var chosen = [PhotosPickerItem]()

    var body: some View {
        Form {
            TextField("项目 Item", text: $item)
            TextField("描述 Note", text: $note)
            PhotosPicker("照片 Photos (\(chosen.count))", selection: $chosen, matching: .images)
            Button("保存 Save") {
                Task {
                    var photos: [Data] = []
                    for one in chosen {
                        let bytes = try? await one.loadTransferable(type: Data.self)
                        photos += [bytes].compactMap { $0 }
                    }
                    inspector.record(item: item, note: note, photos: photos)
                    dismiss()
                }
            }
        }
    }
}
